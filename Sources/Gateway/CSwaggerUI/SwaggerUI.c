#include "CSwaggerUI.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

#if !__has_embed("assets/swagger-ui-bundle.js.gz") || !__has_embed("assets/swagger-ui.css.gz")
#error "The assets of Swagger UI are missing: run deploy/setup.sh, which fetches them."
#endif

static const unsigned char script[] = {
#embed "assets/swagger-ui-bundle.js.gz"
};
const struct DuetAsset duet_swagger_ui_script = {script, sizeof script};

static const unsigned char style[] = {
#embed "assets/swagger-ui.css.gz"
};
const struct DuetAsset duet_swagger_ui_style = {style, sizeof style};
