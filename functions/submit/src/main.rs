//! The `submit` function on Lambda.

use runtime::{Environment, RuntimeError, init_logging, serve};
use submit::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let environment = Environment::from_process();
    init_logging(&environment);
    let app = App::connect(&environment)?;
    serve(|event, deadline| app.handle(event, deadline)).await
}
