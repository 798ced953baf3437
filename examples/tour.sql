-- The last screen of 'make demo': what is there now, one question with its answer, and what to read next.
\pset footer off
\pset border 1
\echo
\echo 'Done. What the database holds now:'
select
    (select count(*) from raw.documents where superseded_at is null) as "documents as JSONB",
    (select count(*) from analytics.scorecards) as "scored sessions",
    (select count(*) from analytics.session_events) as "scores",
    (select count(*) from analytics.learners) as "learners",
    (select count(*) from raw.quarantine where resolved_at is null) as "bad files, by design";

\echo 'How did communication develop over each learner''s last ten sessions?'
\echo
\echo '    select user_id, avg_score, first_score, last_score from analytics.user_skill_agg'
\echo '    where skill_tag = ''communication'' and window_name = ''last_10_sessions'';'
\echo
select user_id, avg_score, first_score, last_score
from analytics.user_skill_agg
where skill_tag = 'communication' and window_name = 'last_10_sessions'
order by user_id;

\echo 'Ask more:         .venv/bin/pulse-elt db psql    (18 questions with their SQL: docs/analysts.md)'
\echo 'Run every night:  docs/scheduling.md             (run it again: it says that nothing changed)'
\echo 'Stop the server:  .venv/bin/pulse-elt db stop'
