{#- Post-hook of marts, for those whose meta says app_reads: a new table starts without a grant to
    pulse_app, and default privileges speak of whole schemas. A table that has it is left alone, and so is
    a server without the role. -#}
{% macro open_to_app() -%}
    {%- if execute and target.name == 'prod' and model.config.meta.app_reads -%}
        {%- set is_closed = run_query(
            "select not pg_catalog.has_table_privilege(roles.oid, '" ~ this.render() | replace("'", "''") ~ "', 'select')"
            ~ " from pg_catalog.pg_roles as roles where roles.rolname = 'pulse_app'"
        ).rows -%}
        {%- if is_closed and is_closed[0][0] -%}
            grant select on {{ this }} to pulse_app
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
