-- The scores whose columns are watched for NULLs, with the scorecard of their session.
select
    scorecards.source_path,
    events.user_id,
    events.occurred_at,
    events.scenario_id,
    events.pulse_step,
    events.skill_tag,
    events.score
from analytics.session_events as events
left join analytics.scorecards as scorecards on events.session_id = scorecards.session_id
