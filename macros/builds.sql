{#- The book of builds: each build writes down its cutoff, and all its models read as of it. -#}

{% macro builds_relation() -%}
    {{ return(api.Relation.create(
        database=target.database,
        schema=generate_schema_name('staging', none),
        identifier='builds',
        type='table'
    )) }}
{%- endmacro %}


{#- The commands that write down a build; all others read as of the cutoff of the last one. -#}
{% macro is_opening_builds() -%}
    {{ return(flags.WHICH in ('build', 'run')) }}
{%- endmacro %}


{#- on-run-start: the books must be there before anything is built, also by 'dbt seed' alone. -#}
{% macro open_books() -%}
    {%- if execute and is_making_relations() -%}
        {%- call statement('look_for_books', fetch_result=true, auto_begin=true) -%}
            select
                to_regclass('{{ standing_relations() }}') is not null
                and to_regclass('{{ rebuild_queue() }}') is not null
                and to_regclass('{{ touches() }}') is not null
                and to_regproc('{{ touch_function() }}') is not null
                and exists (
                    select from pg_catalog.pg_attribute
                    where attrelid = to_regclass('{{ builds_relation() }}') and attname = 'build_number'
                )
        {%- endcall -%}
        {%- if not load_result('look_for_books').data[0][0] -%}
            {#- Two builds may find the same missing. -#}
            {%- do begin_transaction() -%}
            {%- call statement('wait_for_books') -%}
                select pg_advisory_xact_lock({{ advisory_lock('builds_table') }})
            {%- endcall -%}
            {%- do create_builds(builds_relation()) -%}
            {%- call statement('create_rebuild_books') -%} {{ create_rebuild_books() }} {%- endcall -%}
            {#- Who waited for what, and who changed what by hand, is forgotten. -#}
            {%- call statement('tell_all') -%}
                {{ say_it_is_a_build() }}
                {{ tell_consumers_everything(models_in_place()) }}
            {%- endcall -%}
        {%- endif -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
{%- endmacro %}


{#- on-run-start: fixes the cutoff of a build, in one short transaction. Part of the models read what the
    others have read, and a retry what it retries: new documents come with a whole build. -#}
{% macro open_build() -%}
    {%- if execute and is_opening_builds() -%}
        {%- set builds = builds_relation() -%}
        {%- do refuse_unwritable_cutoffs() -%}
        {%- set retried = build_to_retry() -%}
        {%- set is_part = is_build_of_part() or is_verifying() -%}
        {%- set is_first = not run_query("select exists (select from " ~ builds ~ ")").rows[0][0] -%}
        {%- set has_own_cutoff = not retried and (is_first or not is_part) -%}

        {%- do begin_transaction() -%}
        {%- if has_own_cutoff -%}
            {%- do await_writers() -%}
        {%- endif -%}
        {#- After that, for it may take long: whoever is numbered later has the later cutoff. -#}
        {%- call statement('await_numbers') -%}
            lock table {{ builds }} in share row exclusive mode
        {%- endcall -%}
        {%- do refuse_overtaken_retry(retried) -%}
        {%- call statement('fix_cutoff') -%}
            insert into {{ builds }} (invocation_id, command, cutoff_at, is_whole)
            select
                '{{ invocation_id }}',
                '{{ 'retry' if retried else flags.WHICH }}',
                {% if has_own_cutoff -%}
                clock_timestamp(),
                {%- else -%}
                (select cutoff_at from {{ builds }} order by build_number desc limit 1),
                {%- endif %}
                {{ retried['is_whole'] if retried else not is_part }};
            {{ book_cutoff_at_work() }}
        {%- endcall -%}
        {%- do adapter.commit() -%}
        {%- do tell_retries() -%}
    {%- endif -%}
{%- endmacro %}


{#- In hooks dbt begins no transaction: it leaves that to the driver, which does so once, before the first
    commit. What follows would be committed statement by statement, and a lock be gone at once. -#}
{% macro begin_transaction() -%}
    {%- call statement('begin', auto_begin=true) -%} begin {%- endcall -%}
{%- endmacro %}


{#- Whether models are left out, be it by an argument or by a default selector. -#}
{% macro is_build_of_part() -%}
    {%- set told = invocation_args_dict.get('select') or invocation_args_dict.get('exclude')
        or invocation_args_dict.get('selector') -%}
    {%- set left_out = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
        | selectattr('raw_code') | map(attribute='unique_id') | reject('in', selected_resources) | list -%}
    {{ return((told or left_out) | length > 0) }}
{%- endmacro %}


{#- Waits, patiently, until nobody is writing documents: whoever comes later is stamped later. -#}
{% macro await_writers() -%}
    {%- set patience = env_var('PULSE_ELT_WRITERS_PATIENCE', '') | trim -%}
    {%- if not modules.re.fullmatch('([0-9]+([.][0-9]+)?)?', patience) -%}
        {%- do exceptions.raise_compiler_error(
            "PULSE_ELT_WRITERS_PATIENCE is a number of seconds, not '" ~ patience ~ "'."
        ) -%}
    {%- endif -%}
    {#- A server that waits would not notice that its client was killed. Not every one can look. -#}
    {%- call statement('notice_kills') -%}
        do $$
        begin
            perform set_config('client_connection_check_interval', '1s', true);
        exception when others then
            null;
        end
        $$
    {%- endcall -%}
    {%- call statement('await_writers') -%}
        select raw.await_writers({{ "make_interval(secs => " ~ patience ~ ")" if patience }})
    {%- endcall -%}
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
        {{ number_builds(builds) }}

        {{ postgres__alter_relation_comment(
            builds, 'One row per build. What a build reads is the landing as of its cutoff.'
        ) }}
        comment on column {{ builds }}.build_number is
            'Number of the build: the last one has the highest, whatever the clock says.';
        comment on column {{ builds }}.invocation_id is 'dbt''s name of the build.';
        comment on column {{ builds }}.command is 'The dbt command: build, run or retry.';
        comment on column {{ builds }}.cutoff_at is
            'The moment, by the database clock, as of which the build reads documents.';
        comment on column {{ builds }}.is_whole is
            'Whether it was to build every model, or is the retry of a build that was.';
        comment on column {{ builds }}.finished_at is
            'When the build ended, by the database clock; NULL while it runs or after a kill.';
        comment on column {{ builds }}.is_successful is
            'Whether every node of the build succeeded and, where it built a part, a whole build of that '
            'cutoff had; NULL until it ended.';
    {%- endcall -%}
{%- endmacro %}


{#- Brings the table of an older version up to date. Its rows are numbered in the order of their cutoffs, those
    of a clock that ran ahead before all others. -#}
{% macro number_builds(builds) -%}
    alter table {{ builds }}
        add column if not exists build_number bigint,
        add column if not exists is_whole boolean not null default true;
    do $$
    begin
        if not exists (
            select from pg_catalog.pg_attribute
            where
                attrelid = '{{ builds }}'::regclass
                and attname = 'build_number' and attidentity <> ''
        ) then
            update {{ builds }} as builds
            set build_number = numbered.place
            from (
                select
                    invocation_id,
                    row_number() over (order by cutoff_at <= clock_timestamp(), cutoff_at, finished_at) as place
                from {{ builds }}
            ) as numbered
            where builds.invocation_id = numbered.invocation_id;
            alter table {{ builds }}
                alter column build_number set not null,
                alter column build_number add generated always as identity;
            perform setval(
                pg_get_serial_sequence('{{ builds }}', 'build_number'),
                (select coalesce(max(build_number), 0) + 1 from {{ builds }}), false
            );
        end if;
    end
    $$;
{%- endmacro %}


{#- on-run-end: what became of the build. -#}
{% macro close_build(results) -%}
    {%- if execute and is_opening_builds() -%}
        {%- set failed = results | map(attribute='status') | map('string')
            | reject('in', ['success', 'pass', 'warn', 'no-op']) | list -%}
        {%- set unbuilt = [] -%}
        {%- for result in results if result.node.resource_type in ('model', 'seed', 'snapshot')
            and result.status | string not in ('success', 'no-op') -%}
            {%- do unbuilt.append(result.node.name) -%}
        {%- endfor -%}
        update {{ builds_relation() }} as ended
        set
            finished_at = clock_timestamp(),
            is_successful = {{ failed | length == 0 }} and (
                ended.is_whole
                or exists (
                    select from {{ builds_relation() }} as whole
                    where whole.cutoff_at = ended.cutoff_at and whole.is_whole and whole.is_successful
                )
            )
        where invocation_id = '{{ invocation_id }}';
        {{ book_cutoff_that_stands(unbuilt | length == 0) }}
    {%- endif -%}
{%- endmacro %}
