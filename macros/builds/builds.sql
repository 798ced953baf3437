{#- The table of builds: each build records its cutoff, and all its models read the landing as of it. -#}

{% macro builds_relation() -%}
    {{ return(registry_table('builds')) }}
{%- endmacro %}


{#- The commands that record a build; all others read as of the cutoff of the last one. -#}
{% macro is_opening_builds() -%}
    {{ return(flags.WHICH in ('build', 'run')) }}
{%- endmacro %}


{#- On-run-start. The guard comes first: nothing is touched in a database that is not fit. What this returns is
    the SQL of the last step. -#}
{% macro start_build() -%}
    {%- if execute and is_making_relations() -%}
        {%- do refuse_unfit_database() -%}
        {%- do refuse_changed_columns() -%}
        {%- do ensure_registry() -%}
        {%- if is_opening_builds() -%}
            {%- do open_build() -%}
            {%- do warn_of_clock() -%}
        {%- endif -%}
        {{ mark_as_build() }}
        {{ repair_changed_queue() }}
        {{ queue_models_out_of_step() }}
    {%- endif -%}
{%- endmacro %}


{#- Fixes the cutoff of a build, in one short transaction. A build of some of the models reads what the others have
    read, and a retry what it retries: new documents come with a whole build. -#}
{% macro open_build() -%}
    {%- set builds = builds_relation() -%}
    {%- do refuse_unwritable_cutoffs() -%}
    {%- set retried = build_to_retry() -%}
    {%- set is_part = is_build_of_part() or is_verifying() -%}
    {%- set is_first = not run_query("select exists (select 1 from " ~ builds ~ ")").rows[0][0] -%}
    {%- set has_own_cutoff = not retried and (is_first or not is_part) -%}

    {%- do begin_transaction() -%}
    {%- if has_own_cutoff -%}
        {%- do await_writers() -%}
    {%- endif -%}
    {#- Only now, for that may take long: whoever is numbered later has the later cutoff. -#}
    {%- call statement('take_turns') -%}
        lock table {{ builds }} in share row exclusive mode
    {%- endcall -%}
    {%- do refuse_overtaken_retry(retried) -%}
    {%- call statement('fix_cutoff') -%}
        {{ keep_build_numbers_ahead(builds) }}
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
        {{ record_cutoff_at_work() }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {%- do remember_for_retry() -%}
{%- endmacro %}


{#- In hooks dbt begins no transaction but leaves that to the driver, which does it once, before the first commit.
    What follows would be committed statement by statement, and a lock would be released at once. -#}
{% macro begin_transaction() -%}
    {%- call statement('begin', auto_begin=true) -%} begin {%- endcall -%}
{%- endmacro %}


{#- Whether models are left out, be it by an argument or by a default selector. -#}
{% macro is_build_of_part() -%}
    {%- set is_selecting = invocation_args_dict.get('select') or invocation_args_dict.get('exclude')
        or invocation_args_dict.get('selector') -%}
    {%- set left_out = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
        | selectattr('raw_code') | map(attribute='unique_id') | reject('in', selected_resources) | list -%}
    {{ return((is_selecting or left_out) | length > 0) }}
{%- endmacro %}


{#- Waits until nobody is writing documents: whoever comes later is stamped later. -#}
{% macro await_writers() -%}
    {%- set timeout = env_var('PULSE_ELT_WRITERS_PATIENCE', '') | trim -%}
    {%- if not modules.re.fullmatch('([0-9]+([.][0-9]+)?)?', timeout) -%}
        {%- do exceptions.raise_compiler_error(
            "PULSE_ELT_WRITERS_PATIENCE is a number of seconds, not '" ~ timeout ~ "'."
        ) -%}
    {%- endif -%}
    {#- A server that waits would not notice that its client was killed. Not every platform can check. -#}
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
        select raw.await_writers({{ "make_interval(secs => " ~ timeout ~ ")" if timeout }})
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


{#- Upgrades the table of an older version. Its rows are numbered in the order of their cutoffs, those of a clock
    that ran ahead before all others. -#}
{% macro number_builds(builds) -%}
    alter table {{ builds }}
        add column if not exists build_number bigint,
        add column if not exists is_whole boolean not null default true;
    do $$
    begin
        if not exists (
            select 1 from pg_catalog.pg_attribute
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


{#- SQL: no number is given twice where the sequence lags, as in a promoted logical replica. -#}
{% macro keep_build_numbers_ahead(builds) -%}
    select setval(numbers.sequence, max(given.build_number))
    from {{ builds }} as given
    cross join (select pg_get_serial_sequence('{{ builds }}', 'build_number')::regclass) as numbers (sequence)
    group by numbers.sequence
    having max(given.build_number) > coalesce(pg_sequence_last_value(numbers.sequence), 0);
{%- endmacro %}


{#- On-run-end: what became of the build. -#}
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
                    select 1 from {{ builds_relation() }} as whole
                    where whole.cutoff_at = ended.cutoff_at and whole.is_whole and whole.is_successful
                )
            )
        where invocation_id = '{{ invocation_id }}';
        {{ record_standing_cutoff(unbuilt | length == 0) }}
    {%- endif -%}
{%- endmacro %}
