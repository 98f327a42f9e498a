#ifndef GREET_H
#define GREET_H
const char *greeting(void);
const char *whom(int count, char **words);
#endif
