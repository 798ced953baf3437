{#- Post-hook of what the application reads. A new table has no grant to pulse_app, and default privileges would
    grant whole schemas. Nothing happens where the grant is there, or where the server has no such role. -#}
{% macro open_to_app() -%}
    {%- if execute and target.name == 'prod' -%}
        {%- set is_closed = run_query(
            "select not pg_catalog.has_table_privilege(roles.oid, '" ~ this.render() | replace("'", "''") ~ "', 'select')"
            ~ " from pg_catalog.pg_roles as roles where roles.rolname = 'pulse_app'"
        ).rows -%}
        {%- if is_closed and is_closed[0][0] -%}
            grant select on {{ this }} to pulse_app
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
