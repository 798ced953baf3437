{#- The materialization in_place: a table that is never swapped, only brought up to date.

    dbt's own table drops the old one: dependent views go, grants and policies go, readers meet an
    error or, under an older snapshot, an empty table. Here the standing table stays. In one
    transaction the rows that follow from what changed are computed anew (`fresh`), rows that differ
    are deleted, missing ones inserted; whatever is equal is left alone, and only real changes are
    passed on to the models that read this one.

    Configuration of a model:
    - unique_key: the columns that tell its rows apart, where the contract has no primary key.
    - rebuilt_by: the key whose rows are rebuilt together (see rebuild_keys). Its import CTEs say
      is_touched(key). Without it the model is rebuilt whole whenever something that it reads changed.
    - landing: documents or versions, where the model reads those of its source. Then what was touched is
      the difference between landing and table, not what other models passed on. With the value
      whole it is compared whole at every build. -#}

{% materialization in_place, adapter='postgres' %}

    {%- if not is_in_place(model) -%}
        {%- do refuse_half_a_contract() -%}
        {{ return(materialization_table_default()) }}
    {%- endif -%}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- do refuse_unknown_configuration() -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {%- call statement('begin', auto_begin=true) -%}
        set constraints all immediate;
        {{ say_it_is_a_build() }}
    {%- endcall -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set state = standing_state(target_relation) -%}
    {%- set definition = definition_of(sql) -%}
    {%- set documentation = documentation_of() -%}
    {%- set is_redefined = state.definition != definition -%}
    {%- set outside_reads = outside_reads_of(sql) if is_redefined else state.outside_reads -%}
    {%- set unannounced = unannounced_reads(model, outside_reads + state.reads_of_views) -%}
    {#- What somebody changed by hand is put right as what was defined anew is. -#}
    {%- set is_conformed = is_redefined or state.damages -%}
    {%- if state.damages -%}
        {%- do warn_of_damages(target_relation, state.damages) -%}
    {%- endif -%}

    {%- if state.kind and state.kind != 'r' -%}
        {%- do drop_with_ours(target_relation, 'view') -%}
    {%- endif -%}

    {%- if state.kind != 'r' -%}
        {%- do assert_contract(sql) -%}
        {%- set did = build_new_table(target_relation, sql) -%}
    {%- else -%}
        {%- if is_conformed -%}
            {%- do assert_contract(sql) -%}
            {%- set shape = create_shape(get_table_columns_and_constraints()) -%}
            {%- do conform_columns(shape, target_relation, should_full_refresh()) -%}
            {%- do release_constraints(shape, target_relation) -%}
        {%- endif -%}
        {#- What was unannounced until now may have changed since it was last compared. -#}
        {%- set is_whole = is_conformed or should_full_refresh() or is_verifying()
            or unannounced or state.unannounced_reads -%}
        {%- set mode = take_touched(target_relation, state, is_whole) -%}
        {%- if mode == 'unchanged' -%}
            {%- set did = 'UNCHANGED' -%}
        {%- else -%}
            {%- set did = bring_up_to_date(target_relation, sql, mode, state) -%}
        {%- endif -%}
        {%- if is_conformed -%}
            {%- do conform_constraints(shape, target_relation) -%}
            {%- do create_missing_indexes(target_relation) -%}
        {%- endif -%}
    {%- endif -%}

    {%- if is_conformed or state.kind != 'r' -%}
        {%- call statement('attach_touch_trigger') -%}
            {{ attach_touch_trigger(target_relation) }}
            {{ forget_touches(target_relation) }}
        {%- endcall -%}
    {%- endif -%}
    {%- if state.kind == 'r' and not state.definition -%}
        {#- It was built otherwise, and its readers were told nothing. -#}
        {%- call statement('tell') -%}
            select;
            {{ tell_consumers_everything(consumers_of(model.unique_id)) }}
        {%- endcall -%}
    {%- endif -%}
    {%- if is_conformed or state.documentation != documentation or state.kind != 'r'
        or not state.is_booked_here or state.unannounced_reads != unannounced -%}
        {%- do persist_docs(target_relation, model) -%}
        {%- call statement('record') -%}
            {{ record_standing(target_relation, definition, documentation, outside_reads, unannounced) }}
        {%- endcall -%}
    {%- endif -%}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=state.kind == 'r') -%}

    {%- call noop_statement('main', did, did.split(' ')[0], did.split(' ')[-1] | int) -%}
        {{ sql }}
    {%- endcall -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{#- A model without a contract is built as dbt's own table, but not one that was meant to be in place. -#}
{% macro refuse_half_a_contract() -%}
    {%- for option in ['unique_key', 'rebuilt_by', 'landing'] if config.get(option) -%}
        {%- do exceptions.raise_compiler_error(
            model.name ~ " is rebuilt in place (it has " ~ option ~ "), but its YAML gives no column a "
            ~ "data_type. Give every column one, or say materialized: table."
        ) -%}
    {%- endfor -%}
{%- endmacro %}


{% macro refuse_unknown_configuration() -%}
    {%- if config.get('on_schema_change') not in (none, 'ignore', 'fail') -%}
        {%- do exceptions.raise_compiler_error("in_place knows on_schema_change: fail, and no other.") -%}
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


{#- Whether this build was asked to trust nothing of what stands: pulse-elt build --verify. -#}
{% macro is_verifying() -%}
    {{ return(env_var('PULSE_ELT_VERIFY', '') == 'yes') }}
{%- endmacro %}


{#- The columns that tell rows apart: configured, or the primary key of the contract. -#}
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


{#- The first build of a table. Keys and indexes come after the rows: sorted once, not row by row. -#}
{% macro build_new_table(relation, sql) -%}
    {%- set is_overtaken = is_overtaken_by_a_clock() -%}
    {%- set shape = create_shape(get_table_columns_and_constraints()) -%}
    {%- call statement('build_new_table') -%}
        create table {{ relation }} (like {{ shape }} including constraints including defaults);

        with taken as (delete from {{ rebuild_queue() }} where consumer = '{{ node_name(model) }}')
        insert into {{ relation }} ({{ column_list() }})
        select {{ column_list() }}
        from (
            {{ sql }}
        ) as fresh
    {%- endcall -%}
    {%- set row_count = load_result('build_new_table')['response'].rows_affected -%}
    {%- do conform_constraints(shape, relation) -%}
    {%- do create_indexes(relation) -%}
    {%- call statement('tell') -%}
        analyze {{ relation }};
        {{ tell_consumers_everything(consumers_of(model.unique_id)) }}
        {{ tell_again() if is_overtaken }}
    {%- endcall -%}
    {{ return('CREATED +' ~ row_count) }}
{%- endmacro %}


{#- An empty temporary table of these columns: what the standing one must look like. -#}
{% macro create_shape(columns) -%}
    {%- set shape = api.Relation.create(schema='pg_temp', identifier=this.identifier, type='table') -%}
    {%- call statement('create_shape') -%}
        create temporary table {{ adapter.quote(this.identifier) }} {{ columns }} on commit drop
    {%- endcall -%}
    {{ return(shape) }}
{%- endmacro %}


{#- Fills the temporary table `touched` and says what has to be done: unchanged, touched or whole. -#}
{% macro take_touched(relation, state, is_whole) -%}
    {%- set landing = config.get('landing') -%}
    {%- set keys = as_list(config.get('rebuilt_by')) -%}
    {%- if not is_whole and not state.is_awaited and landing is none -%}
        {{ return('unchanged') }}
    {%- endif -%}
    {%- set is_overtaken = is_overtaken_by_a_clock() -%}

    {#- Another build may be at the same table: one after the other. Readers are not held up. -#}
    {%- call statement('take_touched') -%}
        lock table {{ relation }} in share row exclusive mode;
        create temporary table touched (
            is_whole boolean, source_path text, document_id bigint, session_id uuid, user_id uuid, user_key text
        ) on commit drop;
        with taken as (
            delete from {{ rebuild_queue() }}
            where consumer = '{{ node_name(model) }}'
            returning is_whole, {{ rebuild_keys() | join(', ') }}
        )
        insert into touched
        select distinct is_whole, {{ rebuild_keys() | join(', ') }}
        from taken;
        {{ tell_again() if is_overtaken }}
    {%- endcall -%}
    {%- set counts = run_query("select count(*), coalesce(bool_or(is_whole), false) from touched").rows[0] -%}

    {%- if is_whole or is_overtaken or counts[1] or landing == 'whole' -%}
        {{ return('whole') }}
    {%- elif landing is not none -%}
        {%- do touch_difference(relation, landing) -%}
    {%- elif counts[0] and not keys -%}
        {{ return('whole') }}
    {%- endif -%}
    {%- set touched_count = run_query("analyze touched; select count(*) from touched").rows[0][0] -%}
    {{ return('touched' if touched_count else 'unchanged') }}
{%- endmacro %}


{#- The documents that are in the landing as of the cutoff and not in the table, or the other way round. -#}
{% macro touch_difference(relation, landing) -%}
    {%- set table_name = model.sources[0][1] -%}
    {%- call statement('touch_difference') -%}
        insert into touched (source_path, document_id)
        select source_path, document_id
        from (
            select source_path, document_id, true as is_landed
            from {{ landed_documents(table_name) if landing == 'documents' else landed_versions(table_name) }}
        ) as landed
        full join (
            select source_path, document_id, true as is_standing
            from {{ relation }}
        ) as standing using (source_path, document_id)
        where landed.is_landed is null or standing.is_standing is null
    {%- endcall -%}
{%- endmacro %}


{#- Computes what the touched rows, or all rows, should be; deletes what differs, inserts what is missing. -#}
{% macro bring_up_to_date(relation, sql, mode, state) -%}
    {%- set keys = as_list(config.get('rebuilt_by')) if mode == 'touched' else [] -%}
    {%- set unique_key = unique_key() -%}
    {%- set carried = rebuild_keys() | select('in', model.columns) | list -%}
    {%- call statement('compute_fresh') -%}
        create temporary table fresh (like {{ relation }}) on commit drop;
        insert into fresh ({{ column_list() }})
        select {{ column_list() }}
        from (
            {{ limit_to_touched(sql) if mode == 'touched' else sql }}
        ) as computed;
        analyze fresh ({{ unique_key | join(', ') }})
    {%- endcall -%}
    {%- do refuse_doubles(unique_key) -%}
    {%- call statement('apply_fresh') -%}
        create temporary table changed (
            is_added boolean, source_path text, document_id bigint, session_id uuid, user_id uuid, user_key text
        ) on commit drop;
        {%- if mode == 'whole' and (should_full_refresh() or is_verifying() or state.damages) %}

        {{ delete_doubles(relation, unique_key, carried) }}
        {%- endif %}

        with gone as (
            delete from {{ relation }} as standing
            {%- if keys %}
            using (select distinct {{ keys | join(', ') }} from touched) as touched
            {%- endif %}
            where
                {%- for key in keys %}
                standing.{{ key }} = touched.{{ key }} and
                {%- endfor %}
                not exists (
                    select from fresh
                    where
                        {%- for column in unique_key %}
                        fresh.{{ column }} = standing.{{ column }} and
                        {%- endfor %}
                        row({{ column_list('fresh') }}) is not distinct from row({{ column_list('standing') }})
                )
            returning {{ (['false as is_added'] + prefixed('standing', carried)) | join(', ') }}
        )
        insert into changed ({{ (['is_added'] + carried) | join(', ') }})
        select {{ (['is_added'] + carried) | join(', ') }} from gone;

        with added as (
            insert into {{ relation }} ({{ column_list() }})
            select {{ column_list() }}
            from fresh
            where not exists (
                select from {{ relation }} as standing
                where
                    {%- for column in unique_key %}
                    {{ 'and ' if not loop.first }}standing.{{ column }} = fresh.{{ column }}
                    {%- endfor %}
            )
            returning {{ (['true as is_added'] + carried) | join(', ') }}
        )
        insert into changed ({{ (['is_added'] + carried) | join(', ') }})
        select {{ (['is_added'] + carried) | join(', ') }} from added;
        {{ tell_consumers(consumers_of(model.unique_id), carried) }}
    {%- endcall -%}
    {%- set counts = run_query(
        "select count(*) filter (where not is_added), count(*) filter (where is_added) from changed"
    ).rows[0] -%}
    {%- if is_verifying() and counts[0] + counts[1] -%}
        {%- do exceptions.warn(
            relation.schema ~ '.' ~ relation.identifier ~ ' differed from what its query gives: '
            ~ counts[0] ~ ' rows were deleted and ' ~ counts[1] ~ ' inserted.'
        ) -%}
    {%- endif -%}
    {#- The next model's plan depends on this one's statistics, and autovacuum comes too late. -#}
    {%- if (counts[0] + counts[1]) * 10 > state.row_estimate -%}
        {%- call statement('analyze') -%} analyze {{ relation }} {%- endcall -%}
    {%- endif -%}
    {{ return((mode | upper) ~ ' -' ~ counts[0] ~ ' +' ~ counts[1]) }}
{%- endmacro %}


{#- Of two rows with one key, one may stand as it is, and the other would not be missed. -#}
{% macro refuse_doubles(unique_key) -%}
    {%- set doubles = run_query(
        "select concat_ws(', ', " ~ unique_key | join(', ') ~ ") from fresh"
        ~ " group by " ~ unique_key | join(', ') ~ " having count(*) > 1 limit 1"
    ).rows -%}
    {%- if doubles -%}
        {%- do exceptions.raise_compiler_error(
            "more than one row has the " ~ unique_key | join(', ') ~ " " ~ doubles[0][0] ~ "."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{#- SQL: a row that somebody doubled by hand is equal to what it should be, twice. -#}
{% macro delete_doubles(relation, unique_key, carried) -%}
        with gone as (
            delete from {{ relation }} as standing
            using (
                select ctid, row_number() over (partition by {{ unique_key | join(', ') }}) as place
                from {{ relation }}
            ) as numbered
            where standing.ctid = numbered.ctid and numbered.place > 1
            returning {{ (['false as is_added'] + prefixed('standing', carried)) | join(', ') }}
        )
        insert into changed ({{ (['is_added'] + carried) | join(', ') }})
        select {{ (['is_added'] + carried) | join(', ') }} from gone;
{%- endmacro %}


{#- Puts the touched keys where is_touched stands in compiled SQL. -#}
{% macro limit_to_touched(sql) -%}
    {%- set keys = as_list(config.get('rebuilt_by')) -%}
    {%- set limited = modules.re.sub(
        'true /[*] touched: ([^*]+) [*]/',
        '(\\1) in (select touched.' ~ keys | join(', touched.') ~ ' from pg_temp.touched)',
        sql
    ) -%}
    {%- if limited == sql -%}
        {%- do exceptions.raise_compiler_error(
            model.name ~ " is rebuilt_by " ~ keys | join(', ') ~ ", but no CTE of it says is_touched."
        ) -%}
    {%- endif -%}
    {{ return(limited) }}
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
