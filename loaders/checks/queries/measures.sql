-- The measures of the marts' scores, kept for comparison by later checks.
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
        percentile_cont(array[0.25, 0.5, 0.75]) within group (order by score) as quantiles
    from scores
    where measure is not null
    group by mart, measure

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
    mart,
    measure || ', 25th percentile' as measure,
    'quantile' as statistic,
    samples,
    quantiles[1]::numeric as figure
from measured
union all
select
    mart,
    measure || ', median' as measure,
    'quantile' as statistic,
    samples,
    quantiles[2]::numeric as figure
from measured
union all
select
    mart,
    measure || ', 75th percentile' as measure,
    'quantile' as statistic,
    samples,
    quantiles[3]::numeric as figure
from measured
