import Basics
print(SHA256.hex("abc"))
