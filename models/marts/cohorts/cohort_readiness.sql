{#- One row per cohort of learners and month since it began. -#}

{{ config(on_schema_change='append_new_columns') }}

with

-- Months are counted through, so that no calendar arithmetic depends on a time zone.
snapshots as (

    select
        user_id,
        snapshot_at,
        readiness_overall,
        (
            extract(year from snapshot_at at time zone 'UTC') * 12
            + extract(month from snapshot_at at time zone 'UTC') - 1
        )::int as month_number
    from {{ ref('user_readiness') }}
    where source = 'computed'

),

activity as (

    select distinct
        user_id,
        (
            extract(year from occurred_at at time zone 'UTC') * 12
            + extract(month from occurred_at at time zone 'UTC') - 1
        )::int as month_number
    from {{ ref('int_sessions_resolved') }}
    where user_id is not null and occurred_at is not null

),

newest as (

    select max(month_number) as month_number
    from snapshots

),

month_ends as (

    select distinct on (user_id, month_number)
        user_id,
        month_number,
        readiness_overall
    from snapshots
    order by user_id asc, month_number asc, snapshot_at desc

),

-- A month's last readiness holds until the month before the learner's next.
held as (

    select
        month_ends.user_id,
        month_ends.readiness_overall,
        month_ends.month_number as from_month,
        coalesce(
            lead(month_ends.month_number) over (
                partition by month_ends.user_id
                order by month_ends.month_number
            ) - 1,
            newest.month_number
        ) as to_month,
        min(month_ends.month_number) over (partition by month_ends.user_id) as cohort_number
    from month_ends
    cross join newest

),

carried as (

    select
        held.user_id,
        held.readiness_overall,
        held.cohort_number,
        months.month_number - held.cohort_number as months_since,
        activity.user_id is not null as is_active
    from held
    cross join lateral generate_series(held.from_month, held.to_month) as months (month_number)
    left join activity
        on
            held.user_id = activity.user_id
            and months.month_number = activity.month_number

),

final as (

    select
        make_date(cohort_number / 12, cohort_number % 12 + 1, 1) as cohort_month,
        months_since,
        count(*)::int as learner_count,
        round(avg(readiness_overall), 2)::numeric(5, 2) as mean_readiness,
        round(
            (percentile_cont(0.25) within group (order by readiness_overall))::numeric, 2
        )::numeric(5, 2) as p25,
        round(
            (percentile_cont(0.50) within group (order by readiness_overall))::numeric, 2
        )::numeric(5, 2) as p50,
        round(
            (percentile_cont(0.75) within group (order by readiness_overall))::numeric, 2
        )::numeric(5, 2) as p75,
        (count(*) filter (where is_active))::int as active_learner_count
    from carried
    group by cohort_number, months_since

)

select * from final
