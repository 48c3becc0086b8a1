"""`lab watch`: every save is validated, applied and checked; the next thing to do is always on the screen.

Flow: changes.py sees a save → rounds.py validates, applies and checks in a thread → view.py is what is known now →
screen.py or plain.py shows it. loop.py holds them together; keys.py is the keyboard.
"""
