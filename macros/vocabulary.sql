{#- Closed lists of words in the legacy files (docs/legacy-format.md §2). -#}

{% macro sale_outcomes() -%}
    {{ return(['won', 'lost', 'stalled', 'in_progress']) }}
{%- endmacro %}
