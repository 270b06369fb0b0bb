"""Which of our columns a heading of somebody's own matrix means: by our titles, by the words people use in the six
languages of the United Nations, by hashtags of HXL. The person has the last word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from interagency.exports.columns import MATRIX
from interagency.matrix.framework.file_words import in_words, spellings
from interagency.matrix.framework.models import ROMAN
from interagency.text.folding import clean, fold
from interagency.text.languages import DEFAULT, LANGUAGES

# English, French, Spanish, Russian, Chinese, Arabic, in lines of their own where there are many.
_WORDS: dict[str, str] = {
    "ID": "record id|record no|record number",
    "Title": "activity|activities|activity title|activity name|title of activity|title of the activity|"
    "name of activity|name of the activity|name|project|project title|project name|title of project|"
    "name of project|programme|program|programme title|programme name|initiative|intervention|action|work|"
    "activité|activités|titre|titre de l'activité|intitulé|nom de l'activité|projet|titre du projet|programme|"
    "actividad|actividades|título|título de la actividad|nombre de la actividad|proyecto|título del proyecto|programa|"
    "название|наименование|название мероприятия|мероприятие|деятельность|проект|название проекта|программа|"
    "活动|活动名称|名称|标题|项目|项目名称|方案|"
    "النشاط|اسم النشاط|عنوان النشاط|العنوان|المشروع|اسم المشروع|البرنامج",
    "Lead entity": "lead|lead agency|lead un entity|leading entity|leading agency|entity|un entity|agency|un agency|"
    "organisation|organization|responsible entity|responsible agency|implementing entity|implementing agency|"
    "entité|entité chef de file|chef de file|organisme|organisme chef de file|organisation chef de file|agence|"
    "entidad|entidad principal|entidad líder|organismo|organismo principal|organización|agencia|"
    "структура|ведущая структура|ведущая организация|организация|учреждение|"
    "实体|牵头实体|牵头机构|机构|组织|"
    "الكيان|الكيان الرائد|الجهة|الوكالة|المنظمة|الجهة الرائدة",
    "Other UN entities": "un entities|other entities|other agencies|joint with|jointly with|participating entities|"
    "autres entités|autres entités des nations unies|autres organismes|otras entidades|otras entidades de las naciones "
    "unidas|otros organismos|другие структуры|другие организации|其他实体|其他联合国实体|其他机构|"
    "كيانات أخرى|الكيانات الأخرى",
    "Supporting UN entities": "supporting entities|supported by|supporting agencies|entités d'appui|entidades de apoyo|"
    "вспомогательные структуры|支助实体|الكيانات الداعمة",
    "Partners": "partner|partner organisations|partner organizations|other partners|external partners|stakeholders|"
    "partenaire|partenaires|socio|socios|asociados|партнер|партнеры|партнёры|合作伙伴|伙伴|الشركاء|الشريك",
    "Status": "state|progress|implementation status|statut|état|état d'avancement|estado|situación|статус|состояние|"
    "状态|状况|الحالة|الوضع",
    "Begins": "start|start date|starts|begin|begin date|beginning|from|date from|commencement|"
    "début|date de début|commence|inicio|fecha de inicio|comienzo|начало|дата начала|开始|开始日期|起始日期|"
    "البداية|تاريخ البدء|تاريخ البداية",
    "Ends": "end|end date|finish|finish date|until|to|date to|completion|completion date|"
    "fin|date de fin|se termine|fecha de finalización|fecha de fin|término|окончание|дата окончания|конец|"
    "结束|结束日期|终止日期|النهاية|تاريخ الانتهاء|تاريخ النهاية",
    "Level": "niveau|nivel|уровень|级别|层面|المستوى",
    "Scope": "coverage|geographical scope|geographic scope|portée|alcance|охват|范围|النطاق",
    "Chapters": "chapter|chapitre|chapitres|capítulo|capítulos|глава|главы|章|章节|الفصل|الفصول",
    "Recommendations": "recommendation|ungass recommendation|ungass recommendations|operational recommendation|"
    "operational recommendations|recommandation|recommandations|recomendación|recomendaciones|рекомендация|"
    "рекомендации|建议|التوصية|التوصيات",
    "Beneficiary countries": "countries|country|beneficiary country|country/region|country or region|countries/regions|"
    "pays|pays bénéficiaire|pays bénéficiaires|país|países|países beneficiarios|страна|страны|страны-бенефициары|"
    "国家|受益国|البلد|البلدان|الدولة|الدول",
    "Host countries": "host country|pays hôte|país anfitrión|принимающая страна|东道国|البلد المضيف",
    "Partner countries": "partner country|pays partenaire|pays partenaires|países asociados|страны-партнеры|"
    "伙伴国|البلدان الشريكة",
    "Regions": "region|région|régions|región|regiones|регион|регионы|区域|地区|المنطقة|المناطق",
    "SDGs": "sdg|sdg target|sdg targets|sdg goals|sustainable development goals|sustainable development goal|"
    "odd|objectifs de développement durable|ods|objetivos de desarrollo sostenible|цур|цели в области устойчивого "
    "развития|可持续发展目标|أهداف التنمية المستدامة",
    "Figures": "numbers|key figures|indicators|chiffres|cifras|показатели|цифры|数字|数据|الأرقام",
    "Description": "summary|details|activity description|description of activity|brief description|"
    "résumé|descriptif|descripción|resumen|описание|краткое описание|说明|描述|摘要|الوصف|ملخص",
    "Results": "result|outcome|outcomes|outputs|achievements|impact|résultat|résultats|resultado|resultados|"
    "результат|результаты|成果|结果|النتائج|النتيجة",
    "Lessons learned": "lessons|enseignements|enseignements tirés|lecciones aprendidas|извлеченные уроки|"
    "经验教训|الدروس المستفادة",
    "Roles of entities": "roles|role|role of entities|rôles|rôle des entités|funciones|роли|роль|作用|الأدوار",
    "City": "place|ville|ciudad|город|城市|المدينة",
    "Source": "sources|fuente|источник|来源|المصدر",
    "Link": "url|web page|website|web site|web link|hyperlink|lien|site web|enlace|sitio web|página web|ссылка|"
    "链接|网址|الرابط",
    "Contact": "focal point|focal point email|focal point e-mail|contact person|contact email|contact e-mail|e-mail|"
    "email|point focal|contacto|punto focal|контакт|контактное лицо|координатор|联系人|联络人|جهة الاتصال|المنسق",
    "Remarks": "comments|comment|notes|note|remark|observations|remarques|commentaires|observaciones|comentarios|"
    "notas|примечания|примечание|комментарии|замечания|备注|评论|ملاحظات|تعليقات",
    "Section": "sections|sección|раздел|节|القسم",
    "Funding": "financement|financiación|финансирование|资金|التمويل",
}  # fmt: skip
# The tags of HXL that others use for what we call otherwise; our own stand with our columns.
_TAGS = {
    "#activity": "Title", "#activity+title": "Title", "#activity+project": "Title", "#activity+programme": "Title",
    "#org": "Lead entity", "#org+impl": "Lead entity", "#org+prog": "Lead entity", "#org+name": "Lead entity",
    "#org+partners": "Partners", "#date+start": "Begins", "#date+end": "Ends", "#country": "Beneficiary countries",
    "#country+name": "Beneficiary countries", "#country+code": "Beneficiary countries", "#region": "Regions",
    "#region+name": "Regions", "#contact+name": "Contact", "#contact+email": "Contact", "#output": "Results",
    "#result": "Results", "#activity+description": "Description", "#activity+url": "Link",
    "#meta+source+name": "Source", "#meta+comments": "Remarks", "#status+name": "Status",
}  # fmt: skip
# Our own headings as our files write them, in every language.
OURS: dict[str, str] = {fold(heading): column.title for column in MATRIX for heading in spellings(column.title)}
_TAG = re.compile(r"#[a-z][a-z0-9_]*(?:\s*\+\s*[a-z][a-z0-9_]*)*", re.IGNORECASE)
_NUMBERED = re.compile(r"^(?:\d{1,2}|[a-z])[.)] ")
_IN_BRACKETS = re.compile(r"[(\[（]")
# The sheets of our own workbooks that follow from Matrix, and the one that an answer adds.
READ_ME, WHAT_WAS_DONE = frozenset(spellings("Read me")), frozenset(spellings("What was done"))
MATRIX_SHEET = frozenset(map(fold, spellings("Matrix")))
DERIVED_SHEETS = READ_ME | WHAT_WAS_DONE | {
    *(name.format(roman) for name in spellings("Chapter {}") for roman in ROMAN[1:]),
    *(
        name
        for sheet in (
            "Recommendations", "Who does what", "Activity x recommendation", "Activity x country", "Calendar",
            "Changes", "Answers", "Lists",
        )
        for name in spellings(sheet)
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heading:
    """A column of the file: its heading there, its letter, and the title of our column it is read as; "" for none."""

    name: str
    letter: str
    title: str = ""


def _by_word() -> dict[str, str]:
    known: dict[str, str] = {}
    for title, words in _WORDS.items():
        for word in words.split("|"):
            known.setdefault(_key(word), title)
    return known | {_key(word): title for word, title in OURS.items()}


def _key(text: str) -> str:
    return fold(text).replace("-", " ").replace("_", " ").replace("'", "")


def _tag_key(text: str) -> str:
    word, *attributes = (part.strip() for part in text.casefold().split("+"))
    return "+".join([word, *sorted(attributes)])


_KNOWN = _by_word()
_TAGGED = {_tag_key(tag): title for tag, title in _TAGS.items()}
_TAGGED |= {
    _tag_key(column.hxl): column.title for column in MATRIX if column.hxl and _tag_key(column.hxl) not in _TAGGED
}


def heading_of(cell: Any) -> str:
    """The words of a heading, on one line."""
    return " ".join(clean(str("" if cell is None else cell)).split())[:200]


def guess(heading: str) -> str:
    """The title of our column that a heading means, marks and remarks in brackets aside; "" where we do not know."""
    if is_tag(heading):
        return _TAGGED.get(_tag_key(heading), "")
    text = heading
    while True:
        if found := _KNOWN.get(_key(text)):
            return found
        shorter = _IN_BRACKETS.split(_NUMBERED.sub("", text), maxsplit=1)[0].strip(" *:：؟?")
        if shorter == text or not shorter:
            return ""
        text = shorter


def exactness(heading: str) -> int:
    """How surely a heading means its column: 0 where it is our own title."""
    return 0 if fold(heading) in OURS else 1 if _key(heading) in _KNOWN else 2


def language_of(headings: Iterable[str]) -> str:
    """The code of the language in which most of these headings are ours: English where none is."""
    found = {fold(heading) for heading in headings}
    counts = {
        language.code: sum(fold(in_words(column.title, language.code)) in found for column in MATRIX)
        for language in LANGUAGES
    }
    return max(LANGUAGES, key=lambda language: (counts[language.code], language.code == DEFAULT)).code


def is_tag(text: Any) -> bool:
    """Whether a cell holds a hashtag of HXL."""
    return isinstance(text, str) and _TAG.fullmatch(text.strip()) is not None


def title_of(heading: str, mapping: Mapping[str, str]) -> str:
    """Our column for a heading: as the person said, else as guessed."""
    return mapping[heading] if heading in mapping else guess(heading)
