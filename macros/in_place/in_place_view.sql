{#- The materialization in_place_view: a view that is replaced only when its SQL has changed, and then in
    place. dbt's own view drops the old one at every build, and with it what depends on it. -#}

{% materialization in_place_view, adapter='postgres' %}

    {%- set target_relation = this.incorporate(type='view') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {%- call statement('begin', auto_begin=true) -%} set constraints all immediate {%- endcall -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set state = standing_state(target_relation, model.name) -%}
    {%- set definition = definition_of(sql) -%}
    {%- set documentation = documentation_of() -%}
    {%- set is_there = state.kind == 'v' -%}
    {%- set did = 'UNCHANGED' -%}

    {%- if not is_there or state.definition != definition
        or (should_full_refresh() and reads_differently(target_relation, sql)) -%}
        {%- set did = 'REPLACED' if is_there else 'CREATED' -%}
        {%- do assert_contract(sql) -%}
        {%- if state.kind == 'r' -%}
            {%- do drop_with_ours(target_relation, 'table') -%}
        {%- elif is_there and not is_replaceable(target_relation) -%}
            {%- do drop_with_ours(target_relation, 'view') -%}
        {%- endif -%}
        {%- call statement('replace_view') -%}
            create or replace view {{ target_relation }} {{ body_of_view(sql, options_of_view()) }};
            {{ tell_consumers_everything(consumers_of(model.unique_id)) }}
        {%- endcall -%}
    {%- endif -%}
    {%- if not is_there or state.definition != definition or state.documentation != documentation -%}
        {%- do persist_docs(target_relation, model) -%}
        {%- call statement('record') -%}
            {{ record_built(model.name, definition, documentation) }}
        {%- endcall -%}
    {%- endif -%}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=is_there) -%}

    {%- call noop_statement('main', did, did) -%} {{ sql }} {%- endcall -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{% macro body_of_view(sql, options='') -%}
    ({{ column_list() }}) {{ options }} as
    select {{ column_list() }}
    from (
        {{ sql }}
    ) as computed
{%- endmacro %}


{#- Configuration of a model: security_barrier, for a view that holds rows back. -#}
{% macro options_of_view() -%}
    {{ return('with (security_barrier = true)' if config.get('security_barrier') else '') }}
{%- endmacro %}


{#- Whether somebody else has replaced the view. Replacing it once more would wait for all its readers,
    and have the next ones wait. -#}
{% macro reads_differently(relation, sql) -%}
    {%- set ours = 'pg_temp.' ~ adapter.quote(relation.identifier) -%}
    {%- call statement('create_ours') -%}
        create temporary view {{ adapter.quote(relation.identifier) }} {{ body_of_view(sql, options_of_view()) }}
    {%- endcall -%}
    {%- set is_different = run_query(
        "select pg_get_viewdef(ours.oid) <> pg_get_viewdef(standing.oid)"
        ~ " or ours.reloptions is distinct from standing.reloptions"
        ~ " from pg_catalog.pg_class as ours, pg_catalog.pg_class as standing"
        ~ " where ours.oid = '" ~ ours ~ "'::regclass and standing.oid = '" ~ relation.render() ~ "'::regclass"
    ).rows[0][0] -%}
    {%- call statement('drop_ours') -%} drop view {{ ours }} {%- endcall -%}
    {{ return(is_different) }}
{%- endmacro %}


{#- PostgreSQL replaces a view whose columns stay, as they are and where they are; new ones go last. -#}
{% macro is_replaceable(relation) -%}
    {%- set standing = get_column_schema_from_query("select * from " ~ relation) -%}
    {%- set wanted = contracted_columns() -%}
    {{ return(as_types(wanted)[:standing | length] == as_types(standing)) }}
{%- endmacro %}
