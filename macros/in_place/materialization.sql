{#- The materialization in_place: a table that is brought up to date where it stands, never swapped.

    Configuration of a model:
    - unique_key: the columns that identify a row, where the contract has no primary key.
    - rebuilt_by: the key whose rows are rebuilt together (rebuild_keys). The model's import CTEs then say
      is_affected(key). Without it the model is rebuilt whole whenever something it reads has changed.
    - on_schema_change: append_new_columns, where any build adds the columns that a standing table lacks. Without
      it, as with fail, columns change with --full-refresh alone.
    - landing: documents or versions, where the model reads those of its source. Its affected rows are then
      the difference between landing and table. With the value whole, everything is compared at every build. -#}

{% materialization in_place, adapter='postgres' %}

    {%- if not is_in_place(model) -%}
        {%- do refuse_missing_types() -%}
        {{ return(materialization_table_default()) }}
    {%- endif -%}

    {%- set relation = this.incorporate(type='table') -%}
    {%- do refuse_invalid_config() -%}

    {%- set state = begin_node(relation) -%}
    {%- do warn_of_damages(relation, state.damages) -%}
    {%- set definition = definition_of(sql) -%}
    {%- set documentation = documentation_of() -%}
    {%- set is_new = state.kind != 'r' -%}
    {%- set is_redefined = state.definition != definition -%}
    {#- What somebody changed by hand is repaired like a changed definition. -#}
    {%- set is_conformed = is_new or is_redefined or state.damages -%}
    {%- set outside_reads = outside_reads_of(sql) if is_redefined else state.outside_reads -%}
    {%- set unfollowed = unfollowed_reads(outside_reads + state.outside_reads_of_views) -%}

    {%- if is_new -%}
        {%- if state.kind -%} {%- do drop_with_dependent_views(relation, 'view') -%} {%- endif -%}
        {%- do assert_contract(sql) -%}
        {%- set outcome = build_new_table(relation, sql) -%}
    {%- else -%}
        {#- What was not followed until now may have changed since it was last compared. -#}
        {%- set is_whole = is_conformed or should_full_refresh() or is_verifying()
            or unfollowed or state.unfollowed_reads -%}
        {%- set outcome = update_table(relation, sql, state, is_conformed, is_whole) -%}
    {%- endif -%}

    {%- if is_conformed or state.documentation != documentation
        or not state.is_registered_here or state.unfollowed_reads != unfollowed -%}
        {%- call statement('register') -%}
            {{ comment_on(relation) }}
            {{ attach_change_trigger(relation) if is_conformed }}
            {{ register_relation(relation, definition, documentation, outside_reads, unfollowed) }}
        {%- endcall -%}
    {%- endif -%}

    {{ return(end_node(relation, state, outcome, outcome.split(' ')[-1] | int)) }}

{% endmaterialization %}


{#- What every in-place node begins with: the transaction, its mark, and the state, in one round trip. -#}
{% macro begin_node(relation) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) if pre_hooks }}
    {%- set state = read_state(relation) -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) if pre_hooks }}
    {{ return(state) }}
{%- endmacro %}


{#- What every in-place node ends with: grants, the outcome for dbt, hooks and the commit. The hook that
    registers relations of other materializations has nothing to do here. -#}
{% macro end_node(relation, state, outcome, row_count=none) -%}
    {%- set hooks = post_hooks | rejectattr('sql', 'equalto', '{{ register_unknown_materialization() }}') | list -%}
    {%- do apply_grants(relation, config.get('grants'), should_revoke=state.kind is not none) -%}
    {%- do store_raw_result(
        'main', message=outcome, code=outcome.split(' ')[0], rows_affected=row_count
    ) -%}
    {{ run_hooks(hooks, inside_transaction=True) if hooks }}
    {%- do adapter.commit() -%}
    {{ run_hooks(hooks, inside_transaction=False) if hooks }}
    {{ return({'relations': [relation]}) }}
{%- endmacro %}


{#- Brings a standing table up to date: first its columns, then its rows, then its keys and indexes. -#}
{% macro update_table(relation, sql, state, is_conformed, is_whole) -%}
    {%- if is_conformed -%}
        {%- do assert_contract(sql) -%}
        {%- set shape = create_shape(get_table_columns_and_constraints()) -%}
        {%- do conform_columns(shape, relation, should_full_refresh()) -%}
        {%- set changes = constraint_changes(shape, relation) -%}
        {%- do alter_table(relation, changes.released) -%}
    {%- endif -%}
    {%- set mode = take_affected(relation, state, is_whole) -%}
    {%- if mode == 'unchanged' -%}
        {%- set outcome = 'UNCHANGED' -%}
    {%- else -%}
        {%- do compute_fresh(relation, sql, mode) -%}
        {%- set outcome = apply_fresh(relation, mode, state) -%}
    {%- endif -%}
    {%- if is_conformed -%}
        {%- do alter_table(relation, changes.required) -%}
        {%- do create_missing_indexes(relation) -%}
    {%- endif -%}
    {%- if not state.definition -%}
        {#- Another materialization built it, and queued nothing for its readers. -#}
        {%- call statement('queue_readers') -%} {{ queue_whole(readers_of(model.unique_id)) }} {%- endcall -%}
    {%- endif -%}
    {{ return(outcome) }}
{%- endmacro %}


{#- A model without types is dbt's own table, unless its configuration shows that it was meant to be in place. -#}
{% macro refuse_missing_types() -%}
    {%- for option in ['unique_key', 'rebuilt_by', 'landing'] if config.get(option) -%}
        {%- do exceptions.raise_compiler_error(
            model.name ~ " is rebuilt in place (it has " ~ option ~ "), but its YAML gives no column a "
            ~ "data_type. Give every column one, or say materialized: table."
        ) -%}
    {%- endfor -%}
{%- endmacro %}


{% macro refuse_invalid_config() -%}
    {%- if config.get('on_schema_change') not in (none, 'ignore', 'fail', 'append_new_columns') -%}
        {%- do exceptions.raise_compiler_error(
            "in_place knows on_schema_change: fail and append_new_columns, and no other."
        ) -%}
    {%- endif -%}
    {%- for column in model.columns.values() if not column.data_type -%}
        {%- do exceptions.raise_compiler_error(
            model.name ~ " is rebuilt in place, but its YAML gives column " ~ column.name
            ~ " no data_type. Give every column one, or say materialized: table."
        ) -%}
    {%- endfor -%}
    {%- if not unique_key() -%}
        {%- do exceptions.raise_compiler_error(
            model.name ~ " is rebuilt in place and needs a primary key in its contract, or unique_key: the "
            ~ "columns that tell rows apart. Or say materialized: table."
        ) -%}
    {%- endif -%}
    {%- for key in as_list(config.get('rebuilt_by')) if key not in rebuild_keys() or key not in model.columns -%}
        {%- do exceptions.raise_compiler_error("rebuilt_by names " ~ key ~ ", which is no key or no column.") -%}
    {%- endfor -%}
{%- endmacro %}


{#- Whether this build compares everything, as 'pulse-elt build --verify' asks. -#}
{% macro is_verifying() -%}
    {{ return(env_var('PULSE_ELT_VERIFY', '') == 'yes') }}
{%- endmacro %}


{#- The columns that identify a row: those configured, else the primary key of the contract. -#}
{% macro unique_key() -%}
    {%- set key = as_list(config.get('unique_key')) -%}
    {%- for constraint in model.constraints if not key and constraint.type == 'primary_key' -%}
        {%- do key.extend(constraint.columns) -%}
    {%- endfor -%}
    {%- for column in model.columns.values() if not key -%}
        {%- if 'primary_key' in column.constraints | map(attribute='type') -%}
            {%- do key.append(column.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(key) }}
{%- endmacro %}


{#- The keys by which rows can be rebuilt. They keep their names from base to marts. -#}
{% macro rebuild_keys() -%}
    {{ return(['source_path', 'document_id', 'session_id', 'user_id', 'user_key']) }}
{%- endmacro %}


{#- The columns of rebuild_keys, as the queue and the temporary tables of a build declare them. -#}
{% macro rebuild_key_columns() -%}
    source_path text, document_id bigint, session_id uuid, user_id uuid, user_key text
{%- endmacro %}


{% macro column_list(of=none) -%}
    {%- set names = model.columns.values() | map(attribute='name') | list -%}
    {{ return((prefixed(of, names) if of else names) | join(', ')) }}
{%- endmacro %}


{% macro prefixed(relation, columns) -%}
    {%- set names = [] -%}
    {%- for column in columns %}{% do names.append(relation ~ '.' ~ column) %}{% endfor -%}
    {{ return(names) }}
{%- endmacro %}


{#- A list of texts in SQL. -#}
{% macro text_array(values) -%}
    {%- set quoted = [] -%}
    {%- for value in values %}{% do quoted.append("'" ~ value | replace("'", "''") ~ "'") %}{% endfor -%}
    array[{{ quoted | join(', ') }}]::text[]
{%- endmacro %}


{% macro as_list(value) -%}
    {{ return([] if value is none else [value] if value is string else value | list) }}
{%- endmacro %}
