"""What the UN system does: entities, framework, activities, cycles, agreement, coverage, overlaps."""
