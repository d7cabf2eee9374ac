//! The `webhook` function on Lambda, deployed twice: as the webhook receiver and as the worker.

use runtime::{Environment, RuntimeError, init_logging, serve};
use webhook::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let environment = Environment::from_process();
    init_logging(&environment);
    let app = App::connect(&environment)?;
    serve(|event, deadline| app.handle(event, deadline)).await
}
