/* 8-bit greyscale pictures as binary PGM files, for the examples in C and C++. A failure ends the program. */

#ifndef PGM_H
#define PGM_H

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct image {
    intptr_t height, width;
    uint8_t *pixels;
} image;

static inline void fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static inline image new_image(intptr_t height, intptr_t width)
{
    image picture = { height, width, (uint8_t *)malloc((size_t)width * (size_t)height) };
    if (!picture.pixels)
        fail("picture", "too large");
    return picture;
}

/* The next number of a PGM header, past blanks and comments; -1 if there is none. */
static inline long read_number(FILE *file)
{
    long number;
    int c = getc(file);
    while (isspace(c) || c == '#') {
        if (c == '#')
            while (c != '\n' && c != EOF)
                c = getc(file);
        c = getc(file);
    }
    ungetc(c, file);
    return fscanf(file, "%ld", &number) == 1 ? number : -1;
}

static inline image read_pgm(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail(path, "cannot be opened");
    if (getc(file) != 'P' || getc(file) != '5')
        fail(path, "is not a binary PGM");
    const long width = read_number(file), height = read_number(file), maximum = read_number(file);
    if (width < 1 || height < 1 || maximum < 1 || maximum > 255 || !isspace(getc(file)))
        fail(path, "is not an 8-bit PGM");
    if (height > INTPTR_MAX / width)
        fail(path, "is too large");

    image picture = new_image(height, width);
    if (fread(picture.pixels, (size_t)width, (size_t)height, file) != (size_t)height)
        fail(path, "ends early");
    fclose(file);
    return picture;
}

static inline void write_pgm(const char *path, image picture)
{
    const size_t count = (size_t)picture.width * (size_t)picture.height;
    FILE *file = fopen(path, "wb");
    if (!file)
        fail(path, "cannot be opened for writing");
    fprintf(file, "P5\n%ld %ld\n255\n", (long)picture.width, (long)picture.height);
    if (fwrite(picture.pixels, 1, count, file) != count || fclose(file) != 0)
        fail(path, "cannot be written");
}

#endif
