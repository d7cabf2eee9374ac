//! What a copy is measured between: a source of files over TLS, and a sink that speaks enough S3 over TLS.
//!
//! `bench-server FOLDER` writes `ca.pem` (the authority to trust) and `server.json` (where both listen, and the
//! process id) into FOLDER and serves until it is killed. Nothing touches a disk: content is generated, and what
//! arrives is counted and dropped. [`source`] and [`sink`] tell what they understand.

mod content;
mod service;
mod sink;
mod source;
mod tls;
mod uploads;
mod xml;

use std::{error::Error, fs, net::Ipv4Addr, path::PathBuf, sync::Arc};

use tokio::net::TcpListener;

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).map(PathBuf::from).ok_or("usage: bench-server FOLDER")?;
    fs::create_dir_all(&folder)?;
    let tls::Authority { pem, acceptor } = tls::authority()?;
    fs::write(folder.join("ca.pem"), pem)?;

    let content = Arc::new(content::Content::generate());
    let source = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let sink = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let described = serde_json::json!({
        "source": format!("https://{}", source.local_addr()?),
        "sink": format!("https://{}", sink.local_addr()?),
        "pid": std::process::id(),
    });
    // Whoever waits for the file finds it whole.
    fs::write(folder.join("server.json.new"), described.to_string())?;
    fs::rename(folder.join("server.json.new"), folder.join("server.json"))?;

    let uploads = Arc::new(uploads::Uploads::default());
    let source =
        service::serve(source, acceptor.clone(), move |request| source::answer(content.clone(), request));
    let sink = service::serve(sink, acceptor, move |request| sink::answer(uploads.clone(), request));
    tokio::join!(source, sink);
    Ok(())
}
