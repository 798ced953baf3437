{#- ops.cutoffs: the cutoffs that builds of this target still read, so that nobody prunes those documents meanwhile. -#}

{#- The name of this target there: its schema staging tells two developers apart. -#}
{% macro target_of_cutoff() -%}
    {{ return("'" ~ builds_relation().schema ~ "'") }}
{%- endmacro %}


{% macro refuse_unwritable_cutoffs() -%}
    {%- set found = run_query(
        "select current_user, to_regclass('ops.cutoffs') is not null,"
        ~ " coalesce(has_table_privilege(to_regclass('ops.cutoffs'), 'insert')"
        ~ " and has_table_privilege(to_regclass('ops.cutoffs'), 'update'), false)"
    ).rows[0] -%}
    {%- if not found[1] -%}
        {%- do exceptions.raise_compiler_error(
            "this database is of an older version of pulse-elt, without ops.cutoffs: run 'pulse-elt db migrate' first."
        ) -%}
    {%- elif not found[2] -%}
        {%- do refuse_by_server(
            'insufficient_privilege',
            found[0] ~ " may not write ops.cutoffs, where a build says which documents "
            ~ "it reads. 'pulse-elt db roles' grants it to pulse_transformer; build as that role."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{#- SQL for the transaction that records this build. Where the target has no row yet, an older version built what
    stands: as of the last build that succeeded. -#}
{% macro record_cutoff_at_work() -%}
    insert into ops.cutoffs as cutoffs (target_schema, standing_cutoff_at, at_work_cutoff_at)
    select
        {{ target_of_cutoff() }},
        least(
            mine.cutoff_at,
            coalesce(
                (
                    select cutoff_at from {{ builds_relation() }}
                    where is_successful order by build_number desc limit 1
                ),
                (select min(cutoff_at) from {{ builds_relation() }})
            )
        ),
        mine.cutoff_at
    from {{ builds_relation() }} as mine
    where mine.invocation_id = '{{ invocation_id }}'
    on conflict (target_schema) do update
    set
        standing_cutoff_at = least(cutoffs.standing_cutoff_at, excluded.at_work_cutoff_at),
        at_work_cutoff_at = case
            when ops.is_building(cutoffs.target_schema)
                then least(cutoffs.at_work_cutoff_at, excluded.at_work_cutoff_at)
            else excluded.at_work_cutoff_at
        end
{%- endmacro %}


{#- SQL for the end of the build. -#}
{% macro record_standing_cutoff(is_all_built) -%}
    update ops.cutoffs
    set
        standing_cutoff_at = case
            when {{ is_all_built }} and ended.is_whole then ended.cutoff_at
            else cutoffs.standing_cutoff_at
        end,
        at_work_cutoff_at = nullif(cutoffs.at_work_cutoff_at, ended.cutoff_at)
    from {{ builds_relation() }} as ended
    where ended.invocation_id = '{{ invocation_id }}' and cutoffs.target_schema = {{ target_of_cutoff() }}
{%- endmacro %}


{#- Pre-hook of seeds, and part of the first query of every reader of the landing (build_cutoff): as long as one
    of their sessions lives, the build is at work. -#}
{% macro hold_cutoff() -%}
    {%- if execute and is_opening_builds() -%}
        select pg_advisory_lock_shared({{ advisory_lock('build_at_work', target_of_cutoff()) }})
    {%- endif -%}
{%- endmacro %}
