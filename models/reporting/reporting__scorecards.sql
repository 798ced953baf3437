{#- Written by 'make marts' from the YAML in models/marts. -#}

{{ reporting_view('scorecards', learner='user_id') }}
