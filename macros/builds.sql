{#- The book of builds: each build writes down its cutoff, and all its models read as of it. -#}

{% macro builds_relation() -%}
    {{ return(api.Relation.create(
        database=target.database,
        schema=generate_schema_name('staging', none),
        identifier='builds',
        type='table'
    )) }}
{%- endmacro %}


{#- The commands that fix a cutoff of their own; all others keep that of the last build. -#}
{% macro is_opening_builds() -%}
    {{ return(flags.WHICH in ('build', 'run')) }}
{%- endmacro %}


{#- on-run-start: the books must be there before anything is built, also by 'dbt seed' alone. -#}
{% macro open_books() -%}
    {%- if execute and is_making_relations() -%}
        {%- call statement('look_for_books', fetch_result=true, auto_begin=true) -%}
            select to_regclass('{{ standing_relations() }}') is not null
        {%- endcall -%}
        {%- if not load_result('look_for_books').data[0][0] -%}
            {%- do create_builds(builds_relation()) -%}
            {%- call statement('create_rebuild_books') -%} {{ create_rebuild_books() }} {%- endcall -%}
        {%- endif -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
{%- endmacro %}


{#- on-run-start: fixes the cutoff of a build. -#}
{% macro open_build() -%}
    {%- if execute and is_opening_builds() -%}
        {%- set builds = builds_relation() -%}

        {#- Two statements, one short transaction. The lock waits for the writers in flight, who
            hold it shared since they took their landed_at; the clock is read only after that. -#}
        {%- call statement('wait_for_landings', auto_begin=true) -%}
            select pg_advisory_xact_lock(x'70756c73'::int, 1)
        {%- endcall -%}
        {#- Part of the models read what the others have read: new documents come with a whole build. -#}
        {%- set types = invocation_args_dict.get('resource_types') -%}
        {%- set is_part = invocation_args_dict.get('select') or invocation_args_dict.get('exclude')
            or invocation_args_dict.get('selector') or (types and 'model' not in types)
            or 'model' in (invocation_args_dict.get('exclude_resource_types') or []) or is_verifying() -%}
        {%- call statement('fix_cutoff') -%}
            insert into {{ builds }} (invocation_id, command, cutoff_at)
            select
                '{{ invocation_id }}',
                '{{ flags.WHICH }}',
                coalesce(
                    {% if is_part %}(select max(cutoff_at) from {{ builds }}),{% endif %}
                    clock_timestamp()
                )
        {%- endcall -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
{%- endmacro %}


{% macro create_builds(builds) -%}
    {%- call statement('create_builds') -%}
        {#- PostgreSQL asks for CREATE on the database before it looks whether the schema is there. -#}
        {%- if not adapter.check_schema_exists(target.database, builds.schema) %}
        create schema {{ builds.schema }};
        {%- endif %}

        create table if not exists {{ builds }} (
            invocation_id text primary key,
            command text not null,
            cutoff_at timestamptz not null,
            finished_at timestamptz,
            is_successful boolean
        );

        {{ postgres__alter_relation_comment(
            builds, 'One row per build. What a build reads is the landing as of its cutoff.'
        ) }}
        comment on column {{ builds }}.invocation_id is 'dbt''s name of the build.';
        comment on column {{ builds }}.command is 'The dbt command: build or run.';
        comment on column {{ builds }}.cutoff_at is
            'The moment, by the database clock, as of which the build reads documents.';
        comment on column {{ builds }}.finished_at is
            'When the build ended, by the database clock; NULL while it runs or after a kill.';
        comment on column {{ builds }}.is_successful is
            'Whether every node of the build succeeded; NULL until it ended.';
    {%- endcall -%}
{%- endmacro %}


{#- on-run-end: what became of the build. -#}
{% macro close_build(results) -%}
    {%- if execute and is_opening_builds() -%}
        {%- set failures = results | map(attribute='status') | map('string')
            | reject('in', ['success', 'pass', 'warn', 'no-op']) | list -%}
        update {{ builds_relation() }}
        set finished_at = clock_timestamp(), is_successful = {{ failures | length == 0 }}
        where invocation_id = '{{ invocation_id }}'
    {%- endif -%}
{%- endmacro %}
