//! The `webhook` function on Lambda, deployed twice: as the webhook receiver and as the worker.

use runtime::{Environment, RuntimeError, serve, start_log};
use webhook::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let environment = Environment::of_process();
    start_log(&environment);
    let app = App::connect(&environment)?;
    serve(|event, deadline| app.handle(event, deadline)).await
}
