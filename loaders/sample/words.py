"""What people and customers say in sample documents.

Every text is inserted into JSON strings unescaped: no quotation mark, no backslash, no control
character. Some have letters beyond ASCII, as real talks do.
"""

# Points that a persona costs whoever talks to it.
PERSONAS = {"Director": 6.0, "Relater": -6.0, "Socializer": -2.0, "Thinker": 2.0}
STEPS = ("Probe", "Understand", "Link", "Simplify", "Earn")
# The first is the usual one; each of the others has a fixed fraction.
OFFSETS = ("+00:00", "Z", "")

# The difficulty in a scenario's file, and the points that each step of it costs.
SCENARIOS = {
    "mattress-01": 1,
    "mattress-02": 2,
    "sofa-bed-01": 3,
    "adjustable-base-01": 1,
    "warranty-talk-01": 2,
    "phone-upgrade-01": 3,
    "home-fiber-01": 1,
    "insurance-renewal-01": 2,
}
_STEP, _MIDDLE = 4.0, 2
SCENARIO_COSTS = {
    scenario: _STEP * (difficulty - _MIDDLE) for scenario, difficulty in SCENARIOS.items()
}

MISSTEPS = (
    ("pressure tactics", "pushy_early_close", -3),
    ("talked over the customer", "interrupting", -2),
    ("price before need", "early_price", -2),
    ("ignored an objection", "ignored_objection", -2),
    ("feature dump", "feature_dump", -1),
    ("jargon", "unexplained_jargon", -1),
    ("no summary", "no_summary", -1),
)

# What a trainee says in each step, so that a talk moves from probing to earning.
TRAINEE_LINES = (
    (
        "Good morning! What brings you in today?",
        "How are you sleeping on the mattress you have now?",
        "Who else is going to use it?",
        "What would have to change for you to call it a success?",
        "Tell me about the last time it bothered you.",
    ),
    (
        "So your back hurts most in the morning, did I get that right?",
        "It sounds as if the noise matters more than the price.",
        "I hear you: two bad experiences would make anyone careful.",
        "Let me make sure I understand, the guest room comes first?",
    ),
    (
        "You said you wake up warm; this cover is made for exactly that.",
        "Because you move every two years, the light frame fits you best.",
        "The zones support the shoulder, which is where you feel it.",
        "That is why I would start with the medium one.",
    ),
    (
        "In short: two models fit, and one of them is in stock.",
        "It comes down to firm or medium, everything else is the same.",
        "Three steps: we deliver, we set it up, we take the old one away.",
    ),
    (
        "Shall we arrange the delivery for Friday?",
        "With the 100-night trial you risk nothing. Would you like to go ahead?",
        "I can reserve it until tomorrow, if that helps you decide.",
        "Thank you for your trust, I will write up the order.",
    ),
)

CUSTOMER_LINES = {
    "Director": (
        "I have ten minutes. What does it cost?",
        "Just tell me the difference between the two.",
        "Fine. What is the next step?",
        "I don't need the whole story.",
        "And if it fails?",
    ),
    "Relater": (
        "My husband and I are not sure, we have never bought one like this.",
        "Would you choose it for your own family?",
        "I don't want to decide too quickly.",
        "That is kind of you to ask.",
        "Our neighbour, Frau Müller, was so happy with hers.",
    ),
    "Socializer": (
        "Oh, I saw that one at a friend's place, it looked gorgeous!",
        "Ha, that is exactly me!",
        "Does it come in another colour? The café has it in green.",
        "Great, great – and what is everyone else buying?",
        "You should see our flat, it is chaos.",
    ),
    "Thinker": (
        "What is the density of the foam in kg/m³?",
        "Is there an independent test of that?",
        "How does the warranty treat a sagging of 2 cm?",
        "I would like to compare the figures first.",
        "On what is that claim based?",
    ),
}

SUMMARIES = {
    "bce": (
        "Warm opening, adapted to the customer's pace.",
        "Listened well, but answered before the customer had finished.",
        "Tone did not fit the customer; too many closed questions.",
    ),
    "mcf": (
        "Followed the steps in order and came back to the need.",
        "Skipped Understand and linked too early.",
        "Presented products before probing.",
    ),
    "cpo": (
        "Asked for the decision at the right moment.",
        "Offered a next step without commitment.",
        "No close was attempted.",
    ),
}

REASONS = (
    "Open questions, then silence.",
    "One need found, two missed.",
    "Stayed on the surface.",
    "Connected the feature to the need.",
    "Rushed – the customer asked twice.",
)
TIPS = (
    "Ask one more why.",
    "Repeat the need in the customer's words.",
    "Name two options, not five.",
    "Wait three seconds before you answer.",
    "Suggest a date.",
)
NOTES = (
    "Clear and short.",
    "Good example, missing the result.",
    "Lost the thread halfway.",
    "Used the customer's own words – très bien.",
    "Numbers without meaning for the customer.",
)
CRITIQUES = (
    "A confident talk; the need was found early and kept in view.",
    "Solid method, little warmth. The customer had to ask for the next step.",
    "The product was presented before the need was known.",
)
PATTERNS = (
    "closes before trust is above 5",
    "repeats the price when the customer hesitates",
    "skips Understand with Thinkers",
    "asks two questions at once",
)
BEHAVIORS = ("open_question", "mirroring", "need_summary", "benefit_link", "trial_close", "empathy")

BAD_SCORES = ('"N/A"', '"12,5"', "-3", "250", '"85%"', '""', "true", '"n.a."')
BAD_DATES = ("2025-02-30T10:00:00Z", "yesterday", "", "04.03.2025 09:41", "0000-00-00T00:00:00")
