#include <stdio.h>

#include "greet.h"

int main(int count, char **words) {
    printf("%s, %s\n", greeting(), whom(count, words));
    return 0;
}
