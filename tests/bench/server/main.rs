//! What a copy is measured between: a source of files over TLS, and a sink that speaks enough S3 over TLS.
//!
//! `bench-server FOLDER [ARCHIVES]` writes `ca.pem` (the authority to trust) and `server.json` (where they listen, and
//! the process id) into FOLDER and serves until it is killed. Content is generated, and what arrives is counted and
//! dropped; only the archives, which are the files in the folder ARCHIVES, come from a disk. The sink listens without
//! TLS as well, to tell what TLS costs. [`source`] and [`sink`] tell what they understand.

mod archives;
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
    let mut folders = std::env::args().skip(1).map(PathBuf::from);
    let folder = folders.next().ok_or("usage: bench-server FOLDER [ARCHIVES]")?;
    fs::create_dir_all(&folder)?;
    let tls::Authority { pem, acceptor } = tls::authority()?;
    fs::write(folder.join("ca.pem"), pem)?;

    let content = Arc::new(content::Content::generate());
    let source = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let sink = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let plain_sink = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let described = serde_json::json!({
        "source": format!("https://{}", source.local_addr()?),
        "sink": format!("https://{}", sink.local_addr()?),
        "plain_sink": format!("http://{}", plain_sink.local_addr()?),
        "pid": std::process::id(),
    });
    // Whoever waits for the file finds it whole.
    fs::write(folder.join("server.json.new"), described.to_string())?;
    fs::rename(folder.join("server.json.new"), folder.join("server.json"))?;

    let bucket = sink::Bucket { archives: archives::Archives::of(folders.next()), ..Default::default() };
    let bucket = Arc::new(bucket);
    let sunk = move |request| sink::answer(bucket.clone(), request);
    let given = move |request| source::answer(content.clone(), request);
    let source = service::serve(source, Some(acceptor.clone()), given);
    let sink = service::serve(sink, Some(acceptor), sunk.clone());
    let plain_sink = service::serve(plain_sink, None, sunk);
    tokio::join!(source, sink, plain_sink);
    Ok(())
}
