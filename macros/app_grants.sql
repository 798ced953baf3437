{#- Post-hook of marts with app_reads in their meta: a new table has no grant to pulse_app, and default
    privileges apply to whole schemas. It does nothing if the grant exists, or the server lacks the role. -#}
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
