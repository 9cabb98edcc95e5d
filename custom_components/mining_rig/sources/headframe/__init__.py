"""Mining accounts at Headframe and at white-label pools of its platform."""
