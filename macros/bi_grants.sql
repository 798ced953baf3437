{#- Post-hook: lets the role of BI tools read a mart, since a rebuilt table starts without grants. -#}

{% macro grant_to_bi() -%}
    {%- set role = env_var('PULSE_ELT_BI_ROLE', '') -%}
    {%- if role -%}
        grant select on {{ this }} to {{ adapter.quote(role) }}
    {%- endif -%}
{%- endmacro %}
