const char *whom(int count, char **words) { return count > 1 ? words[1] : "world"; }
