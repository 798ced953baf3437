{#- Seeds in place: dbt truncates a seed, or drops it with whatever depends on it. Here a seed whose file has not
    changed is left alone; of any other the rows are replaced in one transaction, and its readers are
    rebuilt whole. -#}

{% materialization seed, adapter='postgres' %}

    {%- set state = read_state(this) -%}
    {%- if not is_unchanged_seed(state) -%}
        {{ return(materialization_seed_default()) }}
    {%- endif -%}

    {#- What 'dbt seed --show' prints. -#}
    {%- set rows = load_agate_table() if invocation_args_dict.get('show') else none -%}
    {%- do store_result('agate_table', response='OK', agate_table=rows) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {{ return(end_node(this.incorporate(type='table'), state, 'UNCHANGED', 0)) }}

{% endmaterialization %}


{% macro is_unchanged_seed(state) -%}
    {{ return(
        state.kind == 'r' and state.definition == seed_definition() and state.documentation == documentation_of()
        and state.is_registered_here and not state.damages
        and not (is_large_seed() or should_full_refresh() or is_verifying())
    ) }}
{%- endmacro %}


{% macro postgres__create_csv_table(model, agate_table) -%}
    {%- call statement('create_seed') -%}
        {{ mark_as_build() }}
        create table {{ this }} {{ seed_columns(agate_table) }};
        {{ finish_seed(is_changed=true) }}
    {%- endcall -%}
    {{ return('') }}
{%- endmacro %}


{% macro postgres__reset_csv_table(model, full_refresh, old_relation, agate_table) -%}
    {#- Another build may be at the same seed: its rows are not there yet to be deleted, and would double. -#}
    {%- call statement('take_turns') -%}
        {{ mark_as_build() }}
        lock table {{ this }} in share row exclusive mode
    {%- endcall -%}
    {%- set state = read_state(this) -%}
    {%- do warn_of_damages(this, state.damages) -%}
    {%- do conform_columns(create_shape(seed_columns(agate_table)), this, true) -%}
    {%- set is_changed = state.damages or state.definition != seed_definition() or is_large_seed() -%}
    {%- call statement('empty_seed') -%}
        delete from {{ this }};
        {{ finish_seed(is_changed) }}
    {%- endcall -%}
    {{ return('') }}
{%- endmacro %}


{#- SQL that records a seed; dbt inserts its rows afterwards, in the same transaction. -#}
{% macro finish_seed(is_changed) -%}
    {{ attach_change_trigger(this) }}
    {{ queue_whole(readers_of(model.unique_id)) if is_changed }}
    {{ register_relation(this, seed_definition(), documentation_of()) }}
{%- endmacro %}


{#- Like dbt's: types that are configured, else those that the values look like. -#}
{% macro seed_columns(agate_table) -%}
    {%- set types = model.config.get('column_types') or {} -%}
    (
        {%- for name in agate_table.column_names %}
        {{ adapter.quote_seed_column(name, model.config.get('quote_columns')) }} {# -#}
        {{ types.get(name, adapter.convert_type(agate_table, loop.index0)) }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}


{% macro seed_definition() -%}
    {{ return(local_md5(tojson([model.checksum.checksum, model.config.column_types]))) }}
{%- endmacro %}


{#- Of a file over 1 MiB dbt knows the name and not the content: it may have changed. -#}
{% macro is_large_seed() -%}
    {{ return(model.checksum.name == 'path') }}
{%- endmacro %}
