#include "declared/declared.h"

#include "declared/pass.h"
#include "engine/one_look.h"

namespace belay::declared {

DeclaredHost apply_declared(change::Context& context, const Declarations& declared, const DeclaredOptions& options,
                            DeclaredListener& listener, std::stop_token stop) {
  if (!options.dry_run || options.heal)
    return Pass(context, context.engine, nullptr, declared, options, listener, std::move(stop)).run();
  engine::OneLook look(context.engine);
  change::Context looking{look,        context.store,   context.clock,         context.report,
                          context.who, context.command, context.wait_for_lock, context.defaults,
                          context.run};
  return Pass(looking, context.engine, &look, declared, options, listener, std::move(stop)).run();
}

}  // namespace belay::declared
