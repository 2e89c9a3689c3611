// (empty until its files land)
