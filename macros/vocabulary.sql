{#- Words of the legacy format that are closed lists (legacy-format §2). -#}

{% macro sale_outcomes() -%}
    {{ return(['won', 'lost', 'stalled', 'in_progress']) }}
{%- endmacro %}
