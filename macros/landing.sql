{#- The only door to the landing: every model and test reads documents as of the build's cutoff. -#}

{% macro landing_schema() -%}
    {{ return('raw') }}
{%- endmacro %}


{#- Overrides dbt's: a model or snapshot that reads the landing without the macros below would read documents
    that land during its build, and miss those that land later. -#}
{% macro source(source_name, table_name) -%}
    {%- set relation = builtins.source(source_name, table_name) -%}
    {%- if execute and relation.schema == landing_schema() and model.resource_type in ('model', 'snapshot') -%}
        {%- set door = 'loaded_identities()' if table_name == 'user_identities'
            else "landed_documents('" ~ table_name ~ "') or landed_versions('" ~ table_name ~ "')" -%}
        {%- do exceptions.raise_compiler_error(
            model.name ~ " reads the landing with source('" ~ source_name ~ "', '" ~ table_name ~ "'): that is "
            ~ "not as of the build's cutoff, and changes would not be followed. Use " ~ door ~ "."
        ) -%}
    {%- endif -%}
    {{ return(relation) }}
{%- endmacro %}


{#- The cutoff as a SQL literal: this build's own, else that of the last build. Unit tests, and
    projects that were never built, read everything. -#}
{% macro build_cutoff() -%}
    {%- set everything = "timestamptz 'infinity'" -%}
    {%- if not execute or model.resource_type == 'unit_test' -%}
        {{ return(everything) }}
    {%- elif not is_opening_builds() and not load_relation(builds_relation()) -%}
        {{ return(everything) }}
    {%- endif -%}
    {#- A table that no build of this version has seen yet has no numbers. -#}
    {%- set cutoffs = run_query(
        ("with held as materialized (" ~ hold_cutoff() ~ ") " if is_opening_builds() else "")
        ~ "select 'timestamptz ' || quote_literal(cutoff_at at time zone 'UTC' || '+00')"
        ~ " from " ~ builds_relation() ~ " as builds"
        ~ (" cross join held" if is_opening_builds() else "")
        ~ " order by invocation_id = '" ~ invocation_id ~ "' desc,"
        ~ " (to_jsonb(builds) ->> 'build_number')::bigint desc nulls last, cutoff_at desc limit 1"
    ).columns[0].values() -%}
    {{ return(cutoffs[0] if cutoffs else everything) }}
{%- endmacro %}


{#- The same with a mark, so that another cutoff alone does not make another definition (definition_of). -#}
{% macro landing_cutoff() -%}
    {{ build_cutoff() }} /* cutoff */
{%- endmacro %}


{#- Marks models that read superseded versions: no model of current documents announces those to them. -#}
{% macro every_version() -%}
    true /* every version */
{%- endmacro %}


{#- A file's time, in the range of times in JSON: images, archives and wrong clocks give files of 1970 or 2262.
    Outside the range the time counts as absent; it is kept apart, and rejected where it was needed. -#}
{% macro file_times() -%}
    case when {{ is_within_times('source_modified_at', 'landed_at') }} then source_modified_at end
                as source_modified_at,
            case when not {{ is_within_times('source_modified_at', 'landed_at') }} then source_modified_at end
                as rejected_file_time
{%- endmacro %}


{#- The current documents of a kind as of the cutoff: at most one row per path. -#}
{% macro landed_documents(table_name, is_detoasted=false) -%}
    {%- set cutoff = landing_cutoff() -%}
    {{ landed(
        table_name,
        "landed_at <= " ~ cutoff ~ "
            and (superseded_at is null or superseded_at > " ~ cutoff ~ ")",
        is_detoasted
    ) }}
{%- endmacro %}


{#- Every version that had landed by the cutoff, superseded or not: for kinds that roll over. -#}
{% macro landed_versions(table_name, is_detoasted=false) -%}
    {{ landed(table_name, "landed_at <= " ~ landing_cutoff() ~ "
            and " ~ every_version(), is_detoasted) }}
{%- endmacro %}


{#- `is_detoasted` decompresses each document once: every mention of a stored column does it again. The empty
    path is the document itself; `offset 0` keeps the planner from inlining the expression. Not for models
    that keep the payload: it would have to be compressed again. -#}
{% macro landed(table_name, condition, is_detoasted) -%}
    (
        select
            document_id,
            source_path,
            session_key,
            {{ user_key_of('user_key') }} as user_key,
            {{ path_keys_of(table_name) -}}
            {{ file_times() }},
            landed_at,
            {{ "payload #> '{}' as payload" if is_detoasted else 'payload' }}
        from {{ builtins.source('pulse', table_name) }}
        where
            {{ condition }}
            and {{ is_affected('source_path', 'document_id') }}
        {{- ' offset 0' if is_detoasted }}
    ) as {{ table_name }}
{%- endmacro %}


{#- The identities as of the cutoff. The landing keeps only the latest account of a key: where it has changed
    since, the calling model's own table still has the previous one. -#}
{% macro loaded_identities() -%}
    {%- set cutoff = landing_cutoff() -%}
    (
        -- One form of a key that was loaded in several.
        select distinct on (user_key)
            user_key,
            user_id
        from (
            select
                {{ user_key_of('user_key') }} as user_key,
                user_id,
                loaded_at
            from {{ builtins.source('pulse', 'user_identities') }}
            where loaded_at <= {{ cutoff }}
            {%- if execute and load_relation(this) %}
            union all
            select
                standing.user_key,
                standing.user_id,
                '-infinity' as loaded_at
            from {{ this }} as standing
            inner join {{ builtins.source('pulse', 'user_identities') }} as identities
                on standing.user_key = {{ user_key_of('identities.user_key') }}
            where identities.loaded_at > {{ cutoff }}
            {%- endif %}
        ) as loaded
        order by user_key asc, loaded_at desc, user_id asc
    ) as user_identities
{%- endmacro %}


{#- The load's own tables, as they are now and not as of a cutoff: for views that say how the data stand. -#}
{% macro load_ledger(table_name) -%}
    {%- if execute and model.resource_type == 'model' and not is_in_place_view(model) -%}
        {%- do exceptions.raise_compiler_error(
            model.name ~ " reads load_ledger('" ~ table_name ~ "') and is no view: no build would follow its changes."
        ) -%}
    {%- endif -%}
    {{ builtins.source('pulse', table_name) }}
{%- endmacro %}
