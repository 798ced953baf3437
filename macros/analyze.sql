{#- Post-hook: fresh statistics for what was just written. -#}

{% macro analyze_table() -%}
    {%- if model.config.materialized != 'view' -%}
        analyze {{ this }}
    {%- endif -%}
{%- endmacro %}
