{#- The materialization in_place_view: a view that is replaced only when its SQL has changed, and then in
    place. dbt's own view drops the old one at every build, and with it what depends on it. -#}

{% materialization in_place_view, adapter='postgres' %}

    {%- if not is_in_place_view(model) -%}
        {{ return(materialization_view_default()) }}
    {%- endif -%}

    {%- set target_relation = this.incorporate(type='view') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {%- call statement('begin', auto_begin=true) -%}
        set constraints all immediate;
        {{ say_it_is_a_build() }}
    {%- endcall -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set state = standing_state(target_relation) -%}
    {%- set definition = definition_of(sql) -%}
    {%- set documentation = documentation_of() -%}
    {%- set is_there = state.kind == 'v' -%}
    {%- set is_replaced = not is_there or state.definition != definition or state.damages -%}
    {%- set did = 'UNCHANGED' -%}

    {%- if state.damages -%}
        {%- do warn_of_damages(target_relation, state.damages) -%}
    {%- endif -%}
    {%- if is_replaced -%}
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
    {%- if is_replaced or state.documentation != documentation or not state.is_booked_here -%}
        {%- do persist_docs(target_relation, model) -%}
        {%- call statement('record') -%}
            {{ record_standing(
                target_relation, definition, documentation,
                outside_reads_of(sql) if is_replaced else state.outside_reads
            ) }}
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


{#- PostgreSQL replaces a view whose columns stay, as they are and where they are; new ones go last. -#}
{% macro is_replaceable(relation) -%}
    {%- set standing = get_column_schema_from_query("select * from " ~ relation) -%}
    {%- set wanted = contracted_columns() -%}
    {{ return(as_types(wanted)[:standing | length] == as_types(standing)) }}
{%- endmacro %}
