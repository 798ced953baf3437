{#- Written by 'make marts' from the YAML in models/marts. -#}

{{ reporting_view('trainer_change_logs', learner='user_id') }}
