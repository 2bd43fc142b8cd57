// Swagger UI's script and style sheet (Apache License 2.0), compressed with gzip, inside the binary.
#pragma once

#include <stddef.h>

struct DuetAsset {
    const unsigned char *bytes;
    size_t count;
};

extern const struct DuetAsset duet_swagger_ui_script;
extern const struct DuetAsset duet_swagger_ui_style;
