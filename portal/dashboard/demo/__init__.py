"""The invented world of the demonstration: who is in it, and what happened in the last 18 months.

Every company, person and figure is made up. `loading.load_world` plays the history in the order of time
through the actions that the pages use, so that timelines, deadlines and messages are as they would be."""
