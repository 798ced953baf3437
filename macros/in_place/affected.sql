{#- Step 2, affected: which rows have to be computed anew. -#}

{#- A condition for a model's import CTEs: rows whose key was affected by a change since the model was last
    built; all rows where it is built whole. It compiles to the text below, which limit_to_affected replaces,
    so that compiled SQL is the whole query and runs anywhere. -#}
{% macro is_affected(column) -%}
    true /* affected: {{ ([column] + (varargs | list)) | join(', ') }} */
{%- endmacro %}


{#- Puts the affected keys in place of is_affected in compiled SQL. -#}
{% macro limit_to_affected(sql) -%}
    {%- set keys = as_list(config.get('rebuilt_by')) -%}
    {%- set limited = modules.re.sub(
        'true /[*] affected: ([^*]+) [*]/',
        '(\\1) in (select affected.' ~ keys | join(', affected.') ~ ' from pg_temp.affected)',
        sql
    ) -%}
    {%- if limited == sql -%}
        {%- do exceptions.raise_compiler_error(
            model.name ~ " is rebuilt_by " ~ keys | join(', ') ~ ", but no CTE of it says is_affected."
        ) -%}
    {%- endif -%}
    {{ return(limited) }}
{%- endmacro %}


{#- Takes what is queued for the model into the temporary table `affected`, together with the difference from the
    landing where the model reads documents. Returns what has to be done: unchanged, affected or whole. -#}
{% macro take_affected(relation, state, is_whole) -%}
    {%- set landing = config.get('landing') -%}
    {%- if not is_whole and not state.is_queued and landing is none -%}
        {{ return('unchanged') }}
    {%- endif -%}
    {%- set is_overtaken = is_overtaken_by_a_clock() -%}

    {#- Builds at the same table take turns. Readers are not held up. -#}
    {%- call statement('take_affected', fetch_result=true) -%}
        lock table {{ relation }} in share row exclusive mode;
        create temporary table affected (is_whole boolean, {{ rebuild_key_columns() }}) on commit drop;
        with taken as (
            delete from {{ rebuild_queue() }}
            where consumer = '{{ node_name(model) }}'
            returning is_whole, {{ rebuild_keys() | join(', ') }}
        )
        insert into affected
        select distinct is_whole, {{ rebuild_keys() | join(', ') }}
        from taken;
        {{ queue_itself() if is_overtaken }}
        {{ take_landing_difference(relation, landing) if landing in ('documents', 'versions') and not is_whole }}
        select count(*), coalesce(bool_or(is_whole), false) from affected
    {%- endcall -%}
    {%- set count, is_queued_whole = load_result('take_affected').table.rows[0] -%}

    {%- if is_whole or is_overtaken or is_queued_whole or landing == 'whole' -%}
        {{ return('whole') }}
    {%- elif not count -%}
        {{ return('unchanged') }}
    {%- endif -%}
    {{ return('affected' if config.get('rebuilt_by') else 'whole') }}
{%- endmacro %}


{#- SQL for the documents that are in the landing as of the cutoff and not in the table, or the other way round. -#}
{% macro take_landing_difference(relation, landing) -%}
    {%- set table_name = model.sources[0][1] -%}
        insert into affected (source_path, document_id)
        select source_path, document_id
        from (
            select source_path, document_id, true as is_landed
            from {{ landed_documents(table_name) if landing == 'documents' else landed_versions(table_name) }}
        ) as landed
        full join (
            select source_path, document_id, true as is_standing
            from {{ relation }}
        ) as standing using (source_path, document_id)
        where
            (landed.is_landed is null or standing.is_standing is null)
            {# Then everything is compared anyway. #}
            and not exists (select 1 from affected where is_whole);
{%- endmacro %}
