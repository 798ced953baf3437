{#- Step 4, apply: rows that differ from the fresh ones are deleted, missing ones inserted; equal rows stay. -#}

{#- Returns what it did, such as 'AFFECTED -1 +2'. -#}
{% macro apply_fresh(relation, mode, state) -%}
    {%- set keys = as_list(config.get('rebuilt_by')) if mode == 'affected' else [] -%}
    {%- set unique_key = unique_key() -%}
    {%- set carried = rebuild_keys() | select('in', model.columns) | list -%}
    {%- call statement('apply_fresh', fetch_result=true) -%}
        create temporary table changed (is_added boolean, {{ rebuild_key_columns() }}) on commit drop;
        {%- if mode == 'whole' and (should_full_refresh() or is_verifying() or state.damages) %}
        {{ delete_duplicates(relation, unique_key, carried) }}
        {%- endif %}

        {%- call note_changed('false', carried) %}
            delete from {{ relation }} as standing
            {%- if keys %}
            using (select distinct {{ keys | join(', ') }} from affected) as affected
            {%- endif %}
            where
                {%- for key in keys %}
                standing.{{ key }} = affected.{{ key }} and
                {%- endfor %}
                not exists (
                    select 1 from fresh
                    where
                        {%- for column in unique_key %}
                        fresh.{{ column }} = standing.{{ column }} and
                        {%- endfor %}
                        row({{ column_list('fresh') }}) is not distinct from row({{ column_list('standing') }})
                )
        {%- endcall %}

        {%- call note_changed('true', carried) %}
            insert into {{ relation }} as standing ({{ column_list() }})
            select {{ column_list() }}
            from fresh
            where not exists (
                select 1 from {{ relation }} as kept
                where
                    {%- for column in unique_key %}
                    {{ 'and ' if not loop.first }}kept.{{ column }} = fresh.{{ column }}
                    {%- endfor %}
            )
        {%- endcall %}

        {{ queue_changed(readers_of(model.unique_id), carried) }}
        select count(*) filter (where not is_added), count(*) filter (where is_added) from changed
    {%- endcall -%}
    {%- set deleted, inserted = load_result('apply_fresh').table.rows[0] -%}
    {%- if is_verifying() and deleted + inserted -%}
        {%- do exceptions.warn(
            relation.schema ~ '.' ~ relation.identifier ~ ' differed from what its query gives: '
            ~ deleted ~ ' rows were deleted and ' ~ inserted ~ ' inserted.'
        ) -%}
    {%- endif -%}
    {#- The next model's plan depends on this one's statistics, and autovacuum comes too late. -#}
    {%- if (deleted + inserted) * 10 > state.row_estimate -%}
        {%- call statement('analyze') -%} analyze {{ relation }} {%- endcall -%}
    {%- endif -%}
    {{ return((mode | upper) ~ ' -' ~ deleted ~ ' +' ~ inserted) }}
{%- endmacro %}


{#- SQL that deletes or inserts rows `standing`, and notes their keys in the temporary table `changed`. -#}
{% macro note_changed(is_added, carried) -%}
        {%- set columns = (['is_added'] + carried) | join(', ') %}
        with changing as (
            {{- caller() }}
            returning {{ ([is_added ~ ' as is_added'] + prefixed('standing', carried)) | join(', ') }}
        )
        insert into changed ({{ columns }})
        select {{ columns }} from changing;
{%- endmacro %}


{#- SQL: of a row that somebody doubled by hand, both equal the fresh one. -#}
{% macro delete_duplicates(relation, unique_key, carried) -%}
        {%- call note_changed('false', carried) %}
            delete from {{ relation }} as standing
            using (
                select ctid, row_number() over (partition by {{ unique_key | join(', ') }}) as place
                from {{ relation }}
            ) as numbered
            where standing.ctid = numbered.ctid and numbered.place > 1
        {%- endcall %}
{%- endmacro %}
