{#- The role of BI tools, PULSE_ELT_BI_ROLE, reads the views of schema reporting and nothing else. -#}

{#- on-run-start: the way into the schema. Once per build, because two nodes that grant on one schema
    at the same time fail over its row in the catalogue. -#}
{% macro open_reporting_to_bi() -%}
    {%- set role = env_var('PULSE_ELT_BI_ROLE', '') -%}
    {%- if execute and role and is_opening_builds() -%}
        {%- set reporting = api.Relation.create(
            database=target.database, schema=generate_schema_name('reporting', none)
        ) -%}
        {%- if adapter.check_schema_exists(reporting.database, reporting.schema) -%}
            grant usage on schema {{ adapter.quote(reporting.schema) }} to {{ adapter.quote(role) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#- Post-hook: a new view starts without grants. -#}
{% macro grant_to_bi() -%}
    {%- set role = env_var('PULSE_ELT_BI_ROLE', '') -%}
    {%- if role -%}
        grant select on {{ this }} to {{ adapter.quote(role) }}
    {%- endif -%}
{%- endmacro %}
