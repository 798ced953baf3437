{#- The materialization in_place_view: a view that is replaced only when its SQL has changed, and then in place.
    dbt's own view drops the old one at every build, and with it what depends on it.

    Configuration of a model: security_barrier, for a view that holds rows back. -#}

{% materialization in_place_view, adapter='postgres' %}

    {%- if not is_in_place_view(model) -%}
        {{ return(materialization_view_default()) }}
    {%- endif -%}

    {%- set relation = this.incorporate(type='view') -%}
    {%- set state = begin_node(relation) -%}
    {%- do warn_of_damages(relation, state.damages) -%}
    {%- set definition = definition_of(sql) -%}
    {%- set documentation = documentation_of() -%}
    {%- set is_replaced = state.kind != 'v' or state.definition != definition or state.damages -%}

    {%- if is_replaced -%} {%- do replace_view(relation, sql, state) -%} {%- endif -%}
    {%- if is_replaced or state.documentation != documentation or not state.is_registered_here -%}
        {%- set outside_reads = outside_reads_of(sql) if is_replaced else state.outside_reads -%}
        {%- call statement('register') -%}
            {{ comment_on(relation) }}
            {{ register_relation(relation, definition, documentation, outside_reads) }}
        {%- endcall -%}
    {%- endif -%}

    {%- set outcome = 'UNCHANGED' if not is_replaced else 'REPLACED' if state.kind == 'v' else 'CREATED' -%}
    {{ return(end_node(relation, state, outcome)) }}

{% endmaterialization %}


{% macro replace_view(relation, sql, state) -%}
    {%- do assert_contract(sql) -%}
    {%- if state.kind == 'r' -%}
        {%- do drop_with_dependent_views(relation, 'table') -%}
    {%- elif state.kind == 'v' and not is_replaceable(relation) -%}
        {%- do drop_with_dependent_views(relation, 'view') -%}
    {%- endif -%}
    {%- call statement('replace_view') -%}
        create or replace view {{ relation }} ({{ column_list() }})
        {{ 'with (security_barrier = true)' if config.get('security_barrier') }} as
        select {{ column_list() }}
        from (
            {{ sql }}
        ) as computed;
        {{ queue_whole(readers_of(model.unique_id)) }}
    {%- endcall -%}
{%- endmacro %}


{#- PostgreSQL replaces a view in place if its columns keep their names, types and order; new ones go last. -#}
{% macro is_replaceable(relation) -%}
    {%- set standing = get_column_schema_from_query("select * from " ~ relation) -%}
    {%- set wanted = contracted_columns() -%}
    {{ return(as_types(wanted)[:standing | length] == as_types(standing)) }}
{%- endmacro %}
