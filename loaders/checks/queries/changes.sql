-- One row per measure that both this check and the one it is compared with took on enough rows.
select
    concat(measured.mart, '.', measured.measure) as subject,
    measured.statistic,
    measured.samples,
    round(measured.figure, 2) as measured,
    round(earlier.figure, 2) as earlier,
    round(measured.figure - earlier.figure, 2) as moved_by
from ops.check_measures as measured
inner join ops.check_measures as earlier
    on
        measured.mart = earlier.mart
        and measured.measure = earlier.measure
        and measured.statistic = earlier.statistic
where
    measured.check_id = :'check_id'
    and earlier.check_id = :'reference_id'
    and measured.statistic <> 'null_share'
    and least(measured.samples, earlier.samples) >= :'from_samples'
