-- The transcripts whose columns are watched for NULLs, with the scorecard of their session.
select
    scorecards.source_path,
    transcripts.user_id,
    transcripts.occurred_at
from analytics.session_transcripts as transcripts
left join analytics.scorecards as scorecards on transcripts.session_id = scorecards.session_id
