-- The measures of the marts' scores, kept for comparison by later checks. Beside the mean, each is
-- the mean of the scores around a quartile: the quartile itself jumps from level to level where
-- scores are answers of few levels.
with

scores as (

    select
        'scorecards' as mart,
        'overall_score' as measure,
        overall_score as score
    from analytics.scorecards
    union all
    select
        'session_events' as mart,
        'score of ' || skill_tag as measure,
        score
    from analytics.session_events
    union all
    select
        'user_readiness_latest' as mart,
        'readiness_overall' as measure,
        readiness_overall as score
    from analytics.user_readiness_latest

),

measured as (

    select
        mart,
        measure,
        count(score) as samples,
        avg(score) as mean,
        percentile_cont(
            array[
                0.15, 0.20, 0.25, 0.30, 0.35,
                0.40, 0.45, 0.50, 0.55, 0.60,
                0.65, 0.70, 0.75, 0.80, 0.85
            ]
        ) within group (order by score) as percentiles
    from scores
    where measure is not null
    group by mart, measure

),

-- Each with its percentiles: the first and the last of the array.
quartiles (quartile, first_one, last_one) as (
    values
    ('lower quartile (15th to 35th percentile)', 1, 5),
    ('median (40th to 60th percentile)', 6, 10),
    ('upper quartile (65th to 85th percentile)', 11, 15)
)

select
    mart,
    measure || ', mean' as measure,
    'mean' as statistic,
    samples,
    mean as figure
from measured
union all
select
    measured.mart,
    measured.measure || ', ' || quartiles.quartile as measure,
    'quantile' as statistic,
    measured.samples,
    (
        select avg(around.score)::numeric
        from unnest(measured.percentiles[quartiles.first_one:quartiles.last_one]) as around (score)
    ) as figure
from measured
cross join quartiles
