//! Servers that are careless with ranges: the bytes are those of the file, or there is an error, and never other bytes.

use std::{io::Write, ops::Range};

use super::{
    downloader_for,
    range_server::{LENGTH, Request, Response, file, serve},
};
use crate::RemoteFile;
use flate2::{Compression, write::GzEncoder};
use futures_util::{StreamExt, TryStreamExt};
use model::{Error, ErrorClass};

/// Downloads the file as one stream. Returns its bytes, what was learned of it, and how many requests it took.
async fn download(
    respond: impl Fn(&Request) -> Response + Send + 'static,
) -> Result<(Vec<u8>, RemoteFile, usize), Error> {
    let (url, log) = serve(respond).await;
    let (remote, mut stream) = downloader_for(&url).start_download(&url).await?;
    let bytes: Vec<_> = stream.by_ref().try_collect().await?;
    assert!(stream.next().await.is_none(), "a stream may be polled after its end");
    let count = log.lock().expect("no panic").len();
    Ok((bytes.concat(), remote, count))
}

/// Checks that the file arrives whole, in so many requests.
async fn assert_whole(name: &str, requests: usize, respond: impl Fn(&Request) -> Response + Send + 'static) {
    let (bytes, _, count) = download(respond).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(bytes == file(), "{name}: other bytes");
    assert_eq!(count, requests, "{name}");
}

#[tokio::test]
async fn a_server_that_answers_well_is_asked_once() {
    assert_whole("ranges", 1, Response::correct).await;
    assert_whole("no ranges", 1, |_| Response::new(200, &["Accept-Ranges: none"], file())).await;
    assert_whole("no length", 1, |_| Response {
        content_length: None,
        ..Response::new(200, &["A: b"], file())
    })
    .await;
    assert_whole("a 206 of the whole file needs no validator", 1, |request| {
        Response::correct(request).replace("ETag: \"a\"", "ETag: W/\"a\"")
    })
    .await;
}

#[tokio::test]
async fn ranges_that_cannot_be_trusted_fall_back_to_one_plain_get() {
    /// Changes the correct response to a range request.
    type Flaw = fn(Response) -> Response;
    let flaws: [(&str, Flaw); 9] = [
        ("no Content-Range", |_| Response::new(206, &["ETag: \"a\""], file())),
        ("an unknown length", |_| Response::range(0..LENGTH, None)),
        ("a later beginning", |_| Response::range(1..LENGTH, Some(LENGTH))),
        ("another unit", |response| response.replace("bytes", "pages")),
        ("a length below its end", |_| Response::range(0..LENGTH, Some(LENGTH - 1))),
        ("a contradicting Content-Length", |_| Response {
            body: file()[..100].to_vec(),
            content_length: Some(100),
            ..Response::range(0..LENGTH, Some(LENGTH))
        }),
        ("several parts", |_| {
            Response::new(
                206,
                &["Content-Type: multipart/byteranges; boundary=x"],
                b"--x\r\n\r\n--x--".to_vec(),
            )
        }),
        ("HTTP 416", |_| Response::new(416, &["Content-Range: bytes */10000"], vec![])),
        ("a short range without a strong validator", |_| {
            Response::range(0..100, Some(LENGTH)).replace("ETag: \"a\"", "ETag: W/\"a\"")
        }),
    ];
    for (name, flaw) in flaws {
        assert_whole(name, 2, move |request| match request.range {
            Some(_) => flaw(Response::correct(request)),
            None => Response::correct(request),
        })
        .await;
    }
}

#[tokio::test]
async fn what_a_short_response_lacks_is_requested_from_there_on() {
    assert_whole("in quarters", 4, |request| match &request.range {
        Some(range) => Response::range(range.start..LENGTH.min(range.start + LENGTH / 4), Some(LENGTH)),
        None => panic!("no plain GET is needed"),
    })
    .await;
    assert_whole("with the length in the first response only", 2, |request| match &request.range {
        Some(range) if request.number == 0 => Response::range(range.start..100, Some(LENGTH)),
        Some(range) => Response::range(range.clone(), None),
        None => panic!("no plain GET is needed"),
    })
    .await;
    let date = "Date: Sat, 21 Nov 2026 12:00:00 GMT\r\nLast-Modified: Sat, 21 Nov 2026 10:00:00 GMT";
    assert_whole("under a Last-Modified", 2, move |request| {
        let range = request.range.clone().expect("no plain GET is needed");
        match request.number {
            0 => Response::range(0..100, Some(LENGTH)).replace("ETag: \"a\"", date),
            _ => Response::range(range, Some(LENGTH)).replace("ETag: \"a\"", ""),
        }
    })
    .await;
}

/// What a stream ends with whose second response is this.
async fn second_response(respond: impl Fn(Range<usize>) -> Response + Send + 'static) -> Error {
    let ended = download(move |request| match (&request.range, request.number) {
        (Some(range), 0) => Response::range(range.start..100, Some(LENGTH)),
        (Some(range), _) => respond(range.clone()),
        (None, _) => panic!("the caller decides on a plain GET"),
    });
    ended.await.map(|_| ()).expect_err("not one file")
}

#[tokio::test]
async fn responses_that_do_not_belong_together_are_never_combined() {
    for (name, error) in [
        (
            "another ETag",
            second_response(|r| Response::range(r, Some(LENGTH)).replace("\"a\"", "\"b\"")).await,
        ),
        ("no ETag", second_response(|r| Response::range(r, Some(LENGTH)).replace("ETag: \"a\"", "")).await),
        ("another length", second_response(|r| Response::range(r, Some(LENGTH + 1))).await),
        ("the whole file", second_response(|_| Response::new(200, &["ETag: \"b\""], file())).await),
        ("HTTP 416", second_response(|_| Response::new(416, &["A: b"], vec![])).await),
        ("HTTP 412", second_response(|_| Response::new(412, &["A: b"], vec![])).await),
        (
            "no Content-Range",
            second_response(|r| Response::new(206, &["ETag: \"a\""], file()[r].to_vec())).await,
        ),
        ("another beginning", second_response(|r| Response::range(r.start - 1..r.end, Some(LENGTH))).await),
        (
            "a longer body without a length",
            second_response(|r| Response {
                content_length: None,
                body: [&file()[r.clone()], b"more"].concat(),
                ..Response::range(r, Some(LENGTH))
            })
            .await,
        ),
        (
            "a shorter body without a length",
            second_response(|r| Response {
                content_length: None,
                body: file()[r.start..r.end - 1].to_vec(),
                ..Response::range(r, Some(LENGTH))
            })
            .await,
        ),
    ] {
        assert_eq!(error.class, ErrorClass::SourceChanged, "{name}: {error}");
        assert!(error.message.contains("cannot be combined"), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_server_that_sends_a_byte_at_a_time_is_not_asked_for_every_byte() {
    let (url, log) = serve(|request| {
        let start = request.range.as_ref().expect("the caller decides on a plain GET").start;
        Response::range(start..start + 1, Some(LENGTH))
    })
    .await;
    let (_, stream) = downloader_for(&url).start_download(&url).await.expect("a file");
    let error = stream.try_collect::<Vec<_>>().await.expect_err("too many requests");
    assert_eq!((error.class, log.lock().expect("no panic").len()), (ErrorClass::SourceChanged, 16));
    assert!(error.message.contains("too short"), "{error}");
}

#[tokio::test]
async fn the_ranges_of_a_file_of_unknown_length_are_used_once_a_whole_response_tells_it() {
    let (_, remote, _) = download(|request| match &request.range {
        Some(range) => Response::range(range.clone(), None),
        None => Response::correct(request),
    })
    .await
    .expect("a file");
    assert_eq!((remote.length, remote.validator), (Some(LENGTH as u64), Ok("\"a\"".to_owned())));
    let (_, remote, _) = download(|request| match &request.range {
        Some(range) => Response::range(range.clone(), None),
        None => Response::new(200, &["ETag: \"b\""], file()),
    })
    .await
    .expect("a file");
    assert!(remote.validator.is_err(), "the whole response is of another version");
}

#[tokio::test]
async fn a_part_is_of_the_file_that_was_opened_or_an_error() {
    let (url, log) = serve(|request| match (request.number, &request.range) {
        (0, _) => Response::correct(request),
        // The second request is answered in halves.
        (1, Some(range)) => Response::range(range.start..range.start + 50, Some(LENGTH)),
        (2, Some(range)) => Response::range(range.clone(), Some(LENGTH)),
        // A server that ignores the end of the range.
        (_, Some(range)) => Response::range(range.start..LENGTH, Some(LENGTH)),
        (_, None) => panic!("no plain GET is needed"),
    })
    .await;
    let downloader = downloader_for(&url);
    let (remote, _) = downloader.start_download(&url).await.expect("a file");
    let part = downloader.download_range(&remote, 200..300).await.expect("a part");
    let part: Vec<_> = part.try_collect().await.expect("its bytes");
    assert_eq!(part.concat(), file()[200..300]);
    assert_eq!(log.lock().expect("no panic")[1..], [Some(200..300), Some(250..300)]);
    let Err(error) = downloader.download_range(&remote, 200..300).await else { panic!("too long") };
    assert_eq!(error.class, ErrorClass::SourceChanged, "{error}");
}

#[tokio::test]
async fn a_file_that_is_compressed_on_the_way_is_decoded() {
    let gzip = |status| {
        let mut encoder = GzEncoder::new(vec![], Compression::fast());
        encoder.write_all(&file()).expect("in memory");
        Response::new(status, &["Content-Encoding: gzip"], encoder.finish().expect("in memory"))
    };
    assert_whole("a whole response", 1, move |_| gzip(200)).await;
    assert_whole("a range of the compressed file", 2, move |request| match request.range {
        Some(_) => Response {
            headers: vec!["Content-Encoding: gzip".into(), "Content-Range: bytes 0-99/100".into()],
            ..gzip(206)
        },
        None => gzip(200),
    })
    .await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_never_whole() {
    for status in [200, 206] {
        let ended = download(move |request| {
            let response = match (status, &request.range) {
                (206, Some(range)) => Response::range(range.clone(), Some(LENGTH)),
                _ => Response::new(200, &["ETag: \"a\""], file()),
            };
            Response { body: file()[..LENGTH - 1].to_vec(), content_length: Some(LENGTH), ..response }
        });
        let error = ended.await.map(|_| ()).expect_err("cut off");
        assert_eq!(error.class, ErrorClass::SourceUnavailable, "{status}: {error}");
    }
}

#[tokio::test]
async fn a_part_in_place_of_the_whole_file_is_an_error_that_no_retry_resolves() {
    let ended = download(|_| Response::new(206, &["ETag: \"a\""], file()[..100].to_vec()));
    let error = ended.await.map(|_| ()).expect_err("only a part");
    assert_eq!(error.class, ErrorClass::SourceInvalid, "{error}");
}

#[tokio::test]
async fn a_file_whose_range_ends_beyond_the_limit_is_not_downloaded() {
    let ended = download(|_| Response::range(0..LENGTH, Some(2 << 20)));
    let error = ended.await.map(|_| ()).expect_err("too large");
    assert_eq!(error.class, ErrorClass::SourceTooLarge, "{error}");
}
