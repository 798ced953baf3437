{#- Step 3, fresh: what the affected rows, or all rows, should be, in a temporary table. -#}

{% macro compute_fresh(relation, sql, mode) -%}
    {%- set key = unique_key() | join(', ') -%}
    {%- call statement('compute_fresh', fetch_result=true) -%}
        {{ 'analyze affected;' if mode == 'affected' }}
        create temporary table fresh (like {{ relation }}) on commit drop;
        insert into fresh ({{ column_list() }})
        select {{ column_list() }}
        from (
            {{ limit_to_affected(sql) if mode == 'affected' else sql }}
        ) as computed;
        analyze fresh ({{ key }});
        select concat_ws(', ', {{ key }}) from fresh group by {{ key }} having count(*) > 1 limit 1
    {%- endcall -%}
    {#- Of two rows with one key, one may stand as it is, and the other would never be missed. -#}
    {%- for row in load_result('compute_fresh').table.rows -%}
        {%- do exceptions.raise_compiler_error("more than one row has the " ~ key ~ " " ~ row[0] ~ ".") -%}
    {%- endfor -%}
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
    {%- do alter_table(relation, constraint_changes(shape, relation).required) -%}
    {%- do create_indexes(relation) -%}
    {%- call statement('queue_readers') -%}
        analyze {{ relation }};
        {{ queue_whole(readers_of(model.unique_id)) }}
        {{ queue_itself() if is_overtaken }}
    {%- endcall -%}
    {{ return('CREATED +' ~ row_count) }}
{%- endmacro %}
