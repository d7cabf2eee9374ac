//! The servers of the copy benchmarks: a source of files over TLS, and a sink that implements enough of S3 over TLS.
//!
//! `bench-server FOLDER [ARCHIVES]` writes `ca.pem` (the CA to trust) and `server.json` (the addresses and the process id) to
//! FOLDER and serves until it is killed. Content is generated, and uploaded bytes are counted and discarded. Only the
//! archives, the files in the folder ARCHIVES, are read from a disk. The sink also listens without TLS, so that the cost of
//! TLS can be measured. [`source`] and [`sink`] describe the requests that they support.

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
    let tls::Authority { pem, acceptor } = tls::create_authority()?;
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
    // The rename is atomic: a waiting process never reads a partial file.
    fs::write(folder.join("server.json.new"), described.to_string())?;
    fs::rename(folder.join("server.json.new"), folder.join("server.json"))?;

    let bucket = sink::Bucket { archives: archives::Archives::new(folders.next()), ..Default::default() };
    let bucket = Arc::new(bucket);
    let handle_sink = move |request| sink::handle_request(bucket.clone(), request);
    let handle_source = move |request| source::handle_request(content.clone(), request);
    let source = service::serve(source, Some(acceptor.clone()), handle_source);
    let sink = service::serve(sink, Some(acceptor), handle_sink.clone());
    let plain_sink = service::serve(plain_sink, None, handle_sink);
    tokio::join!(source, sink, plain_sink);
    Ok(())
}
