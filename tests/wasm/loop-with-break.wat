  (func $main (;3;) (type 3)
    (local i64)
    block ;; label = @1
      i64.const 2
      i64.const 91
      i64.lt_s
      if ;; label = @2
        i64.const 2
        local.set 0
        block ;; label = @3
          loop ;; label = @4
            i64.const 91
            local.get 0
            i64.rem_s
            i64.const 0
            i64.eq
            br_if 1 (;@3;)
            local.get 0
            i64.const 1
            i64.add
            local.tee 0
            i64.const 91
            i64.lt_s
            if ;; label = @5
              br 1 (;@4;)
            end
          end
          br 2 (;@1;)
        end
      else
        i64.const 2
        local.set 0
      end
    end
    local.get 0
    call $runtime.print_int
    call $runtime.print_newline
  )
