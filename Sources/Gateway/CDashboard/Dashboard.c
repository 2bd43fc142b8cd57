#include "CDashboard.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char page[] = {
#embed "assets/index.html"
};
static const unsigned char style[] = {
#embed "assets/style.css"
};
static const unsigned char app[] = {
#embed "assets/app.js"
};
static const unsigned char api[] = {
#embed "assets/api.js"
};
static const unsigned char ui[] = {
#embed "assets/ui.js"
};
static const unsigned char charts[] = {
#embed "assets/charts.js"
};
static const unsigned char overview[] = {
#embed "assets/overview.js"
};
static const unsigned char mesh[] = {
#embed "assets/mesh.js"
};
static const unsigned char models[] = {
#embed "assets/models.js"
};
static const unsigned char explorer[] = {
#embed "assets/explorer.js"
};
static const unsigned char data[] = {
#embed "assets/data.js"
};
static const unsigned char icon[] = {
#embed "assets/icon.svg"
};

#define FILE_OF(name, bytes) {name, bytes, sizeof bytes}

static const struct DuetPageFile files[] = {
    FILE_OF("index.html", page),       FILE_OF("style.css", style),     FILE_OF("app.js", app),   FILE_OF("api.js", api),
    FILE_OF("ui.js", ui),              FILE_OF("charts.js", charts),    FILE_OF("overview.js", overview),
    FILE_OF("mesh.js", mesh),          FILE_OF("models.js", models),    FILE_OF("explorer.js", explorer),
    FILE_OF("data.js", data),          FILE_OF("icon.svg", icon),
};
const size_t duet_page_file_count = sizeof files / sizeof *files;

const struct DuetPageFile *duet_page_files_start(void) { return files; }
