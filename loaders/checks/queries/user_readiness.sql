-- The readiness snapshots whose columns are watched for NULLs, with the scorecard of their session.
select
    scorecards.source_path,
    readiness.readiness_overall,
    readiness.readiness_technical,
    readiness.readiness_communication,
    readiness.readiness_structure,
    readiness.readiness_behavioral,
    readiness.readiness_band
from analytics.user_readiness as readiness
left join analytics.scorecards as scorecards on readiness.session_id = scorecards.session_id
