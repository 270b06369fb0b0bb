"""Words for generated records, in six languages. Written for this purpose: they describe nobody's real work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """What titles and texts of one language are put together from. `share` of 100 records are in it."""

    share: int
    titles: tuple[str, ...]
    subjects: tuple[str, ...]
    places: tuple[str, ...]
    sentences: tuple[str, ...]


ENGLISH = Language(
    58,
    (
        "Training of {subject} {place}",
        "Technical assistance on {subject} {place}",
        "Study on {subject} {place}",
        "Support to national plans for {subject} {place}",
        "Regional network on {subject} {place}",
        "Guidelines on {subject}, adapted {place}",
        "Pilot of {subject} {place}",
        "Dialogue with civil society on {subject} {place}",
    ),
    (
        "drug use prevention in schools",
        "treatment of drug use disorders",
        "laboratory analysis of new psychoactive substances",
        "access to controlled medicines for pain relief",
        "alternatives to imprisonment",
        "HIV services in prisons",
        "overdose prevention",
        "precursor control",
        "alternative development and market access",
        "data on drug supply",
        "proportionate sentencing",
        "family skills programmes",
        "cross-border cooperation of customs",
    ),
    (
        "in border provinces",
        "at national level",
        "in three capitals",
        "in rural districts",
        "with university hospitals",
        "for senior officials",
        "along the river basin",
        "with youth organisations",
    ),
    (
        "The work brings ministries of health, justice and education to one table and follows a plan agreed each year.",
        "Trainers from the region lead the sessions; materials are shared in the languages of the participants.",
        "A baseline was taken before the first workshop, and the same questions are asked again after twelve months.",
        "Partners contribute premises and staff time, which are not counted in the figures below.",
        "Where services are far away, a mobile team visits every second week and reports to the district office.",
        "The first phase showed that simple record keeping matters more than new equipment.",
        "Participants asked for shorter courses with more practice, and the curriculum was changed accordingly.",
        "A joint mission reviewed progress and recommended that the approach be extended to neighbouring areas.",
        "Findings are discussed with communities before they are published.",
    ),
)
FRENCH = Language(
    12,
    ("Formation : {subject} {place}", "Appui technique pour {subject} {place}", "Étude sur {subject} {place}"),
    (
        "la prévention de l’usage de drogues à l’école",
        "le traitement des troubles liés à l’usage de drogues",
        "l’accès aux médicaments placés sous contrôle",
        "les mesures de substitution à l’incarcération",
        "la coopération entre laboratoires",
    ),
    ("en milieu rural", "dans les capitales régionales", "auprès des centres de santé", "avec la société civile"),
    (
        "Les équipes nationales animent les ateliers et adaptent les supports à leur public.",
        "Un bilan à mi-parcours a permis de corriger le calendrier sans dépasser le budget prévu.",
        "Les résultats sont présentés aux autorités locales avant d’être rendus publics.",
        "L’évaluation porte sur l’accueil, la durée du suivi et la satisfaction des personnes concernées.",
    ),
)
SPANISH = Language(
    12,
    ("Capacitación en {subject} {place}", "Asistencia técnica sobre {subject} {place}", "Estudio de {subject} {place}"),
    (
        "prevención del consumo de drogas",
        "tratamiento y reinserción social",
        "desarrollo alternativo y comercialización",
        "control de precursores químicos",
        "medidas alternativas al encarcelamiento",
    ),
    ("en zonas fronterizas", "en municipios andinos", "con niñas, niños y jóvenes", "a nivel nacional"),
    (
        "El programa reúne a los ministerios de salud y de justicia en una mesa de trabajo mensual.",
        "Los materiales se elaboraron con las comunidades y se probaron antes de su impresión.",
        "La cooperación entre países vecinos redujo a la mitad el tiempo de respuesta.",
        "Se prevé una evaluación externa al término del segundo año.",
    ),
)
RUSSIAN = Language(
    6,
    ("Обучение по теме «{subject}» {place}", "Техническая помощь: {subject} {place}"),
    (
        "профилактика употребления наркотиков",
        "лечение наркотической зависимости",
        "контроль за прекурсорами",
        "работа судебных лабораторий",
    ),
    ("в приграничных районах", "на национальном уровне", "в учебных заведениях"),
    (
        "Занятия проводят специалисты региона, материалы переведены на местные языки.",
        "Итоги каждого этапа обсуждаются с министерствами здравоохранения и юстиции.",
        "По просьбе участников добавлены практические занятия.",
    ),
)
ARABIC = Language(
    6,
    ("تدريب على {subject} {place}", "دعم تقني في مجال {subject} {place}"),
    ("الوقاية من تعاطي المخدرات", "علاج اضطرابات تعاطي المخدرات", "مراقبة السلائف الكيميائية", "بدائل السجن"),
    ("في المناطق الريفية", "على المستوى الوطني", "مع المجتمع المدني"),
    (
        "يشارك في العمل ممثلون عن وزارات الصحة والعدل والتعليم.",
        "تُعرض النتائج على السلطات المحلية قبل نشرها.",
        "طُوّرت المواد بالتعاون مع الجامعات في المنطقة.",
    ),
)
CHINESE = Language(
    6,
    ("关于{subject}的培训（{place}）", "{subject}技术援助（{place}）"),
    ("学校毒品预防教育", "药物使用障碍治疗", "易制毒化学品管制", "新精神活性物质检测"),
    ("边境省份", "全国范围", "农村地区", "大学医院"),
    (
        "项目由卫生、司法和教育部门共同推进，每年商定一次计划。",
        "教材由当地教师编写，并在试点学校使用。",
        "第一阶段的结果已与社区讨论。",
    ),
)
LANGUAGES = (ENGLISH, FRENCH, SPANISH, RUSSIAN, ARABIC, CHINESE)
ROLES = (
    "Leads the training of trainers.",
    "Provides technical advice and reviews the materials.",
    "Funds the first phase.",
    "Brings in its country offices.",
    "Collects and publishes the data.",
)
UNITS = ("participants", "laboratories", "countries", "schools", "households", "hectares", "police officers", "USD")
CITIES = (
    ("Vienna", "AT"),
    ("Geneva", "CH"),
    ("New York", "US"),
    ("Bangkok", "TH"),
    ("Nairobi", "KE"),
    ("Bogotá", "CO"),
    ("Dakar", "SN"),
    ("Cairo", "EG"),
    ("Tashkent", "UZ"),
    ("Panama City", "PA"),
    ("New Delhi", "IN"),
    ("Lima", "PE"),
)
ZONES = {
    "AT": "Europe/Vienna",
    "CH": "Europe/Zurich",
    "US": "America/New_York",
    "TH": "Asia/Bangkok",
    "KE": "Africa/Nairobi",
    "CO": "America/Bogota",
    "SN": "Africa/Dakar",
    "EG": "Africa/Cairo",
    "UZ": "Asia/Tashkent",
    "PA": "America/Panama",
    "IN": "Asia/Kolkata",
    "PE": "America/Lima",
}
EVENT_TITLES = (
    "Expert group meeting on {subject}",
    "Regional workshop on {subject}",
    "Briefing of permanent missions: {subject}",
    "Side event: {subject}",
    "Training of trainers, {subject}",
    "Launch of the report on {subject}",
    "Thematic discussion, {subject}",
    "Task team call on {subject}",
)
