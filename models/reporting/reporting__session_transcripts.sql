{#- Written by 'make marts' from the YAML in models/marts. -#}

{{ reporting_view('session_transcripts', learner='user_id') }}
