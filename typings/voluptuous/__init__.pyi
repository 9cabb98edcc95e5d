# Home Assistant puts probatio in the place of voluptuous when it is imported; this
# tells type checkers the same.
from probatio import *
